import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.KeyValue;
import de.bwaldvogel.mongo.backend.Missing;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.DuplicateKeyError;
import java.util.List;
import org.h2.mvstore.MVMap;

/** The index over _id: the map of the documents itself, whose keys are the ids. */
final class IdIndex extends Index<Object> {
  private final MVMap<Object, byte[]> documents;

  IdIndex(MVMap<Object, byte[]> documents, String name, List<IndexKey> keys) {
    super(name, keys, false);
    this.documents = documents;
  }

  /** Equal ids have equal positions: 1 and 1.0 are the same id. */
  static Object positionOf(Object id) {
    if (id instanceof String) return id;
    return Missing.ofNullable(new KeyValue(id == null ? Missing.getInstance() : id).normalized().get(0));
  }

  @Override
  public void checkAdd(Document document, MongoCollection<Object> collection) {
    Object id = document.get("_id");
    if (documents.containsKey(positionOf(id))) {
      throw new DuplicateKeyError(this, collection, getKeys(), new KeyValue(List.of(Missing.ofNullable(id))));
    }
  }

  @Override
  public Object getPosition(Document document) {
    return positionOf(document.get("_id"));
  }

  @Override
  public Object remove(Document document) {
    return getPosition(document);
  }

  @Override
  public void add(Document document, Object position, MongoCollection<Object> collection) {}

  /** An update cannot change the id. */
  @Override
  public void checkUpdate(Document before, Document after, MongoCollection<Object> collection) {}

  @Override
  public void updateInPlace(Document before, Document after, Object position, MongoCollection<Object> collection) {}

  /** StoredCollection plans its queries itself. */
  @Override
  public boolean canHandle(Document query) {
    return false;
  }

  @Override
  public Iterable<Object> getPositions(Document query) {
    throw new UnsupportedOperationException();
  }

  @Override
  public long getCount() {
    return documents.sizeAsLong();
  }

  /** Then nothing has to be added to it. */
  @Override
  public boolean isEmpty() {
    return false;
  }

  @Override
  public long getDataSize() {
    return getCount();
  }

  @Override
  public boolean isUnique() {
    return true;
  }

  @Override
  public void drop() {}
}
