import de.bwaldvogel.mongo.bson.Decimal128;
import de.bwaldvogel.mongo.backend.Missing;
import java.time.Instant;

/** The values that an index can order. Their order is that of mongo-java-server's ValueComparator. */
final class Keys {
  /** An index that contains such a value is not used. */
  static final Object UNSUPPORTED = new Object();

  /** From here on mongo-java-server compares fractions inexactly. */
  private static final double LARGE = 1L << 31;

  static Object of(Object value) {
    if (Missing.isNullOrMissing(value)) return null;
    if (value instanceof String || value instanceof Boolean || value instanceof Instant) return value;
    if (!(value instanceof Number number) || value instanceof Decimal128) return UNSUPPORTED;
    double key = number.doubleValue();
    boolean exact = number instanceof Long ? (long) key == number.longValue() && Math.abs(key) <= 1L << 53
        : !Double.isNaN(key) && (Math.abs(key) < LARGE || Math.abs(key) <= 1L << 53 && key == Math.rint(key));
    // 0.0 instead of -0.0
    return exact ? (Object) (key == 0 ? 0.0 : key) : UNSUPPORTED;
  }

  static int compare(Object a, Object b) {
    if (a == b) return 0;
    if (a instanceof Instant x && b instanceof Instant y) return x.compareTo(y);
    if (a instanceof String x && b instanceof String y) return x.compareTo(y);
    if (a instanceof Double x && b instanceof Double y) return x.compareTo(y);
    if (a instanceof Boolean x && b instanceof Boolean y) return x.compareTo(y);
    return Integer.compare(rank(a), rank(b));
  }

  private static int rank(Object key) {
    if (key == null) return 0;
    if (key instanceof Double) return 1;
    if (key instanceof String) return 2;
    return key instanceof Boolean ? 3 : 4;
  }
}
