import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.DatabaseResolver;
import de.bwaldvogel.mongo.backend.Index;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.exception.NoSuchCommandException;
import de.bwaldvogel.mongo.oplog.Oplog;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.h2.mvstore.MVMap;
import org.h2.mvstore.MVStore;
import org.h2.mvstore.type.ObjectDataType;

/** The databases, in one H2 file. */
final class StoredBackend extends H2Backend {
  private static final Set<String> WRITES =
      Set.of("insert", "update", "delete", "findandmodify", "createindexes", "dropindexes", "create", "drop",
          "dropdatabase");

  /** Static, because the constructor of the superclass opens databases. There is one backend per process. */
  private static final AtomicLong written = new AtomicLong();
  private static final Object committing = new Object();
  private static long committed;

  StoredBackend(String file) {
    super(new MVStore.Builder().fileName(file).cacheSize(CACHE_MB).open());
  }

  private static final int CACHE_MB = 64;

  /** Concurrent writes share a commit: one that another thread has made since the write is enough. */
  private void commitWrite() {
    long write = written.incrementAndGet();
    synchronized (committing) {
      if (committed >= write) return;
      long upTo = written.get();
      commit();
      committed = upTo;
    }
  }

  @Override
  protected MongoDatabase openOrCreateDatabase(String name) {
    return new Database(name);
  }

  /** An inner class, because the constructor of the superclass opens collections and needs the store. */
  private final class Database extends H2Database {
    Database(String name) {
      super(name, getMvStore(), getCursorRegistry());
      String prefix = documentsOf("");
      for (String map : getMvStore().getMapNames()) {
        if (map.startsWith(prefix) && resolveCollection(map.substring(prefix.length()), false) instanceof
            StoredCollection collection) {
          collection.buildIndexes();
        }
      }
    }

    /** An acknowledged write survives a kill -9: the store is committed to the file before the response. */
    @Override
    public Document handleCommand(
        Channel channel, String command, Document query, DatabaseResolver resolver, Oplog oplog) {
      TimeLimit.start(query.get("maxTimeMS"));
      try {
        if (command.equalsIgnoreCase("explain")) return explain(channel, query, resolver, oplog);
        return super.handleCommand(channel, command, query, resolver, oplog);
      } finally {
        TimeLimit.end();
        if (WRITES.contains(command.toLowerCase(Locale.ROOT))) commitWrite();
      }
    }

    /** Runs the query and returns what it examined, in the fields of MongoDB that tools and tests read. */
    private Document explain(Channel channel, Document query, DatabaseResolver resolver, Oplog oplog) {
      Document find = ((Document) query.get("explain")).clone();
      if (!(find.get("find") instanceof String name)) throw new NoSuchCommandException("explain of this command");
      find.remove("batchSize");
      StoredCollection collection = (StoredCollection) resolveOrCreateCollection(name);
      synchronized (collection) {
        super.handleCommand(channel, "find", find, resolver, oplog);
        return collection.explainLastSearch();
      }
    }

    /** Uses the map names of H2Database, which lists and drops its collections by these names. */
    @Override
    protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
      return new StoredCollection(this, name, options, documents(name), cursorRegistry);
    }

    private MVMap<Object, byte[]> documents(String collection) {
      MVMap.Builder<Object, byte[]> builder =
          new MVMap.Builder<Object, byte[]>().keyType(new ObjectDataType()).valueType(new BsonType());
      return getMvStore().openMap(documentsOf(collection), builder);
    }

    private String documentsOf(String collection) {
      return "databases." + getDatabaseName() + "." + collection;
    }

    @Override
    protected Index<Object> openOrCreateUniqueIndex(
        String collection, String name, List<IndexKey> keys, boolean sparse) {
      if (keys.size() > 1 || !keys.get(0).getKey().equals("_id")) {
        return super.openOrCreateUniqueIndex(collection, name, keys, sparse);
      }
      // Stores of earlier versions have a map for this index.
      getMvStore().removeMap(getDatabaseName() + "." + collection + "._index_" + name);
      return new IdIndex(documents(collection), name, keys);
    }

    @Override
    protected Index<Object> openOrCreateSecondaryIndex(
        String collection, String name, List<IndexKey> keys, boolean sparse) {
      return new SortedIndex(name, keys);
    }
  }
}
