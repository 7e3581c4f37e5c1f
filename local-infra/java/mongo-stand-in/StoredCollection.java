import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.AbstractSynchronizedMongoCollection;
import de.bwaldvogel.mongo.backend.Assert;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DocumentWithPosition;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.Utils;
import de.bwaldvogel.mongo.bson.Document;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.UUID;
import java.util.stream.Stream;
import org.h2.mvstore.Cursor;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;

/** A collection whose documents are BSON in a map that is ordered by id, and whose queries use its indexes. */
final class StoredCollection extends AbstractSynchronizedMongoCollection<Object> {
  private static final Document ALL = new Document();

  final MVMap<Object, byte[]> documents;
  private Search lastSearch;

  StoredCollection(
      MongoDatabase database, String name, CollectionOptions options, MVMap<Object, byte[]> documents,
      CursorRegistry cursors) {
    super(database, name, options, cursors);
    this.documents = documents;
  }

  /** An index of an empty collection grows with it: to build it from a million documents would take a minute. */
  @Override
  public synchronized void addIndex(Index<Object> index) {
    super.addIndex(index);
    if (isEmpty()) buildIndexes();
  }

  List<SortedIndex> sortedIndexes() {
    return getIndexes().stream().filter(SortedIndex.class::isInstance).map(SortedIndex.class::cast).toList();
  }

  /** Fills all new indexes in one pass over the documents. */
  synchronized void buildIndexes() {
    List<SortedIndex> unbuilt = sortedIndexes().stream().filter(index -> !index.isBuilt()).toList();
    if (unbuilt.isEmpty()) return;
    MVStore.TxCounter version = documents.getStore().registerVersionUsage();
    try {
      for (Cursor<Object, byte[]> cursor = documents.cursor(null); cursor.hasNext();) {
        Object position = cursor.next();
        Document document = BsonType.decode(cursor.getValue());
        for (SortedIndex index : unbuilt) index.collect(document, position);
      }
    } finally {
      documents.getStore().deregisterVersionUsage(version);
    }
    unbuilt.forEach(SortedIndex::build);
  }

  /** Registers as a user of this version of the store: its background thread may otherwise remove pages of a scan. */
  @Override
  protected QueryResult queryDocuments(
      Document query, Document orderBy, int skip, int limit, int batchSize, Document projection) {
    buildIndexes();
    MVStore.TxCounter version = documents.getStore().registerVersionUsage();
    try {
      lastSearch = new Search(this, query, orderBy, limit > 0 ? skip + limit : Integer.MAX_VALUE);
      return matchDocumentsFromStream(lastSearch.run().stream(), ALL, null, skip, limit, batchSize, projection);
    } finally {
      documents.getStore().deregisterVersionUsage(version);
    }
  }

  @Override
  protected QueryResult matchDocuments(
      Document query, Document orderBy, int skip, int limit, int batchSize, Document projection) {
    return queryDocuments(query, orderBy, skip, limit, batchSize, projection);
  }

  /** In the fields of MongoDB's explain. */
  Document explainLastSearch() {
    Document plan = new Document("stage", lastSearch.plan);
    Document statistics = new Document("executionSuccess", true)
        .append("totalKeysExamined", lastSearch.rowsExamined)
        .append("totalDocsExamined", lastSearch.documentsExamined);
    return new Document("queryPlanner", new Document("winningPlan", plan))
        .append("executionStats", statistics)
        .append("ok", 1.0);
  }

  boolean matches(Document document, Document query) {
    return documentMatchesQuery(document, query);
  }

  boolean hasIds() {
    return "_id".equals(getIdField());
  }

  /** The keys of the map are ordered by type first. */
  boolean idsAreText() {
    return hasIds() && documents.firstKey() instanceof String && documents.lastKey() instanceof String;
  }

  boolean isDescending(Document orderBy) {
    return isNaturalDescending(orderBy);
  }

  boolean isNatural(Document orderBy) {
    return deriveComparator(orderBy) == null;
  }

  @Override
  protected Object addDocumentInternal(Document document) {
    String field = getIdField();
    Object position =
        field == null ? UUID.randomUUID() : IdIndex.positionOf(Utils.getSubdocumentValue(document, field));
    byte[] previous = documents.put(position, BsonType.encode(document));
    Assert.isTrue(previous == null, () -> "A document with the key " + position + " is already in " + this);
    return position;
  }

  @Override
  protected void handleUpdate(Object position, Document before, Document after) {
    documents.put(position, BsonType.encode(after));
  }

  @Override
  protected void removeDocument(Object position) {
    if (documents.remove(position) == null) throw new NoSuchElementException("No document with key " + position);
  }

  @Override
  protected Document getDocument(Object position) {
    byte[] bytes = documents.get(position);
    return bytes == null ? null : BsonType.decode(bytes);
  }

  @Override
  protected Stream<DocumentWithPosition<Object>> streamAllDocumentsWithPosition() {
    return documents.entrySet().stream()
        .map(entry -> new DocumentWithPosition<>(BsonType.decode(entry.getValue()), entry.getKey()));
  }

  @Override
  public int count() {
    return documents.size();
  }

  @Override
  public boolean isEmpty() {
    return documents.isEmpty();
  }

  /** Nothing reads it, and to keep it up to date every write would encode its document twice more. */
  @Override
  protected boolean tracksDataSize() {
    return false;
  }

  @Override
  protected void updateDataSize(int change) {}

  @Override
  protected int getDataSize() {
    return 0;
  }
}
