import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.Predicate;

/** Rows in order, in chunks: 4 to 8 bytes per row, while a tree has 40. A row is in it at most once. */
final class SortedRows {
  private static final int CHUNK = 256;

  private final Comparator<Object[]> order;
  private final List<ArrayList<Object[]>> chunks = new ArrayList<>(1);
  private int size;

  SortedRows(Comparator<Object[]> order) {
    this.order = order;
  }

  int size() {
    return size;
  }

  /** Another row in its place is replaced. */
  void add(Object[] row) {
    if (chunks.isEmpty()) chunks.add(new ArrayList<>(1));
    int at = Math.min(chunkOf(row), chunks.size() - 1);
    ArrayList<Object[]> chunk = chunks.get(at);
    int index = search(chunk, row);
    if (index >= 0) {
      chunk.set(index, row);
      return;
    }
    chunk.add(~index, row);
    size++;
    if (chunk.size() > CHUNK) {
      // New rows often come last or first: then the chunk that is not extended again stays nearly full.
      int cut = ~index == chunk.size() - 1 ? CHUNK * 7 / 8 : ~index == 0 ? CHUNK / 8 : CHUNK / 2;
      List<Object[]> tail = chunk.subList(cut, chunk.size());
      chunks.add(at + 1, new ArrayList<>(tail));
      tail.clear();
    }
  }

  /** The row must come after all others. */
  void append(Object[] row) {
    if (chunks.isEmpty() || chunks.get(chunks.size() - 1).size() == CHUNK * 3 / 4) chunks.add(new ArrayList<>(1));
    chunks.get(chunks.size() - 1).add(row);
    size++;
  }

  void remove(Object[] row) {
    int at = chunkOf(row);
    if (at == chunks.size()) return;
    ArrayList<Object[]> chunk = chunks.get(at);
    int index = search(chunk, row);
    if (index < 0) return;
    chunk.remove(index);
    size--;
    if (chunk.isEmpty()) chunks.remove(at);
  }

  /** The number of rows at the beginning for which `before` is true; it must be false for all others. */
  int rank(Predicate<Object[]> before) {
    int rank = 0;
    for (ArrayList<Object[]> chunk : chunks) {
      if (!before.test(chunk.get(chunk.size() - 1))) {
        int low = 0;
        for (int high = chunk.size(); low < high;) {
          int middle = (low + high) >>> 1;
          if (before.test(chunk.get(middle))) low = middle + 1;
          else high = middle;
        }
        return rank + low;
      }
      rank += chunk.size();
    }
    return rank;
  }

  /** Passes the rows of these ranks, in order, until `visit` returns false. Returns whether it always returned true. */
  boolean forEach(int from, int to, Predicate<Object[]> visit) {
    int start = 0;
    for (ArrayList<Object[]> chunk : chunks) {
      if (start >= to) break;
      int last = Math.min(chunk.size(), to - start);
      for (int i = Math.max(0, from - start); i < last; i++) if (!visit.test(chunk.get(i))) return false;
      start += chunk.size();
    }
    return true;
  }

  /** The same from the last of these ranks to the first. */
  boolean forEachBackwards(int from, int to, Predicate<Object[]> visit) {
    int end = size;
    for (int at = chunks.size() - 1; at >= 0 && end > from; at--) {
      ArrayList<Object[]> chunk = chunks.get(at);
      int start = end - chunk.size();
      for (int i = Math.min(to, end) - start - 1; i >= Math.max(0, from - start); i--) {
        if (!visit.test(chunk.get(i))) return false;
      }
      end = start;
    }
    return true;
  }

  /** The first chunk whose last row is not before this row. */
  private int chunkOf(Object[] row) {
    int low = 0;
    for (int high = chunks.size(); low < high;) {
      int middle = (low + high) >>> 1;
      ArrayList<Object[]> chunk = chunks.get(middle);
      if (!chunk.isEmpty() && order.compare(chunk.get(chunk.size() - 1), row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private int search(ArrayList<Object[]> chunk, Object[] row) {
    int low = 0;
    for (int high = chunk.size() - 1; low <= high;) {
      int middle = (low + high) >>> 1;
      int compared = order.compare(chunk.get(middle), row);
      if (compared < 0) low = middle + 1;
      else if (compared > 0) high = middle - 1;
      else return middle;
    }
    return ~low;
  }
}
