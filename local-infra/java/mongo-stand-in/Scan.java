import java.util.List;
import java.util.function.Predicate;

/** Ranges of an index that contain all matches of a query. */
final class Scan {
  final SortedIndex index;
  /** Whether the rows are in the order of the query. Otherwise a document can have several rows. */
  final boolean ordered;
  /** Whether their reverse is: only of one value. */
  private boolean backwards;
  /** Whether a condition of the query limits it. */
  final boolean bounded;
  private Iterable<SortedRows> parts = List.of();
  private int from;
  private int to = Integer.MAX_VALUE;
  private int size;

  Scan(SortedIndex index, boolean ordered, boolean bounded) {
    this.index = index;
    this.ordered = ordered;
    this.bounded = bounded;
  }

  /** All rows of several values of the first field. */
  Scan over(Iterable<SortedRows> all) {
    parts = all;
    for (SortedRows rows : all) size += rows.size();
    return this;
  }

  /** The rows of one value from one rank to another. */
  Scan over(SortedRows rows, int first, int end) {
    parts = List.of(rows);
    from = first;
    to = end;
    size = Math.max(0, end - first);
    return this;
  }

  /** The rows of one value, from the last to the first. */
  Scan backwards() {
    backwards = true;
    return this;
  }

  /** The number of rows. */
  int size() {
    return size;
  }

  /** Passes the rows in the order of the index, or in its reverse, until `visit` returns false. */
  void forEach(Predicate<Object[]> visit) {
    for (SortedRows rows : parts) {
      if (!(backwards ? rows.forEachBackwards(from, to, visit) : rows.forEach(from, to, visit))) return;
    }
  }
}
