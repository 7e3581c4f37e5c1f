import de.bwaldvogel.mongo.MongoCollection;
import de.bwaldvogel.mongo.MongoDatabase;
import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import de.bwaldvogel.mongo.backend.CollectionOptions;
import de.bwaldvogel.mongo.backend.CursorRegistry;
import de.bwaldvogel.mongo.backend.DatabaseResolver;
import de.bwaldvogel.mongo.backend.QueryResult;
import de.bwaldvogel.mongo.backend.h2.H2Backend;
import de.bwaldvogel.mongo.backend.h2.H2Collection;
import de.bwaldvogel.mongo.backend.h2.H2Database;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.oplog.Oplog;
import io.netty.channel.Channel;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.h2.mvstore.MVMap;

/**
 * A stand-in for MongoDB on machines without mongod: mongo-java-server on an H2 store, with three changes that the
 * reader's guarantees require. Arguments: port, file.
 */
final class MongoStandIn {
  private static final Set<String> WRITES =
      Set.of("insert", "update", "delete", "findandmodify", "createindexes", "dropindexes", "create", "drop",
          "dropdatabase");

  /** Version 7 of the Node driver rejects servers older than 4.2 (wire version 8). */
  private static final MongoVersion VERSION = new MongoVersion() {
    @Override
    public List<Integer> getVersionArray() {
      return List.of(4, 4, 0);
    }

    @Override
    public int getWireVersion() {
      return 9;
    }
  };

  public static void main(String[] arguments) {
    MongoServer server = new MongoServer(new Backend(arguments[1]).version(VERSION));
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    System.out.println("listening on 127.0.0.1:" + arguments[0]);
  }

  private static final class Backend extends H2Backend {
    Backend(String file) {
      super(file);
    }

    @Override
    protected MongoDatabase openOrCreateDatabase(String name) {
      return new Database(name);
    }

    /** An inner class, because the constructor of the superclass opens collections and needs the store. */
    private final class Database extends H2Database {
      Database(String name) {
        super(name, getMvStore(), getCursorRegistry());
      }

      /** An acknowledged write survives a kill -9: the store is committed to the file before the response. */
      @Override
      public Document handleCommand(
          Channel channel, String command, Document query, DatabaseResolver resolver, Oplog oplog) {
        try {
          return super.handleCommand(channel, command, query, resolver, oplog);
        } finally {
          if (WRITES.contains(command.toLowerCase(Locale.ROOT))) {
            commit();
          }
        }
      }

      /** Uses the map names of H2Database, which lists its collections by these names. */
      @Override
      protected MongoCollection<Object> openOrCreateCollection(String name, CollectionOptions options) {
        String namespace = getFullCollectionNamespace(name);
        MVMap<Object, Document> data = getMvStore().openMap("databases." + namespace);
        MVMap<String, Object> meta = getMvStore().openMap("meta." + namespace);
        return new Collection(this, name, options, data, meta, cursorRegistry);
      }
    }
  }

  private static final class Collection extends H2Collection {
    Collection(
        MongoDatabase database, String name, CollectionOptions options, MVMap<Object, Document> data,
        MVMap<String, Object> meta, CursorRegistry cursors) {
      super(database, name, options, data, meta, cursors);
    }

    /** Looks up _id first and filters the result; otherwise {_id, version: {$lt}} scans the whole collection. */
    @Override
    protected QueryResult queryDocuments(
        Document query, Document orderBy, int skip, int limit, int batchSize, Document projection) {
      if (query.size() < 2 || !query.containsKey("_id")) {
        return super.queryDocuments(query, orderBy, skip, limit, batchSize, projection);
      }
      List<Document> sameId =
          super.queryDocuments(new Document("_id", query.get("_id")), null, 0, 0, 0, null).collectDocuments();
      return matchDocumentsFromStream(sameId.stream(), query, orderBy, skip, limit, batchSize, projection);
    }
  }
}
