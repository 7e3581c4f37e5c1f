import de.bwaldvogel.mongo.MongoServer;
import de.bwaldvogel.mongo.MongoVersion;
import java.util.List;

/**
 * A stand-in for MongoDB on machines without mongod: mongo-java-server with a durable store and its own indexes.
 * Arguments: port, file.
 */
final class MongoStandIn {
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
    MongoServer server = new MongoServer(new StoredBackend(arguments[1]).version(VERSION));
    server.bind("127.0.0.1", Integer.parseInt(arguments[0]));
    Runtime.getRuntime().addShutdownHook(new Thread(server::shutdownNow));
    System.out.println("listening on 127.0.0.1:" + arguments[0]);
  }
}
