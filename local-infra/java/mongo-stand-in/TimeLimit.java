import de.bwaldvogel.mongo.exception.MongoServerError;

/** The maxTimeMS of the command that this thread executes. The time that it waits for a lock counts. */
final class TimeLimit {
  private static final ThreadLocal<Long> END = new ThreadLocal<>();

  static void start(Object maxTimeMs) {
    long milliseconds = maxTimeMs instanceof Number number ? number.longValue() : 0;
    if (milliseconds > 0) END.set(System.nanoTime() + milliseconds * 1_000_000);
  }

  static void end() {
    END.remove();
  }

  static void check() {
    Long end = END.get();
    if (end != null && System.nanoTime() - end > 0) {
      throw new MongoServerError(50, "MaxTimeMSExpired", "operation exceeded time limit");
    }
  }
}
