import de.bwaldvogel.mongo.backend.DocumentComparator;
import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import de.bwaldvogel.mongo.bson.ObjectId;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.TreeSet;
import java.util.UUID;
import org.h2.mvstore.Cursor;

/**
 * One query. It finds what a scan of all documents finds, in the same order, and examines few documents if an index
 * helps: it walks in the order of the result and stops early, or collects the rows that the conditions leave.
 */
final class Search {
  /** A walk examines documents, which costs about as much as this number of rows. */
  private static final int ROWS_PER_DOCUMENT = 30;
  /** So few rows are collected at once. */
  private static final int FEW = 16;
  private static final int NO_BUDGET = Integer.MAX_VALUE;

  private final StoredCollection collection;
  private final Document query;
  private final Document orderBy;
  private final int want;
  private final Conditions conditions;
  private final Order order;
  private final boolean idsAreText;

  String plan = "COLLSCAN";
  int rowsExamined;
  int documentsExamined;
  private List<Document> found = new ArrayList<>();

  /** @param want the number of results that are enough */
  Search(StoredCollection collection, Document query, Document orderBy, int want) {
    this.collection = collection;
    this.query = query;
    this.orderBy = orderBy;
    this.want = want;
    conditions = new Conditions(query);
    order = new Order(orderBy);
    idsAreText = collection.idsAreText();
  }

  List<Document> run() {
    Collection<Object> positions = collection.hasIds() ? givenPositions() : null;
    if (positions != null) {
      plan = "IDHACK";
      positions.forEach(this::examine);
      return sorted();
    }
    boolean sortable = !order.special && (idsAreText || order.keys.stream().noneMatch(key -> isId(key)));
    if (sortable) searchIndexes();
    else scanDocuments(NO_BUDGET);
    return found;
  }

  private static boolean isId(IndexKey key) {
    return key.getKey().equals("_id");
  }

  /** The positions if the query names the ids. */
  private Collection<Object> givenPositions() {
    for (Conditions.Condition condition : conditions.of("_id")) {
      Collection<?> ids = switch (condition.operator()) {
        case EQUAL -> List.of(condition.value());
        case IN -> condition.value() instanceof Collection<?> several ? several : List.of(query);
        default -> List.of(query);
      };
      if (!ids.stream().allMatch(Search::identifies)) continue;
      Collection<Object> positions = new TreeSet<>(SortedIndex::comparePositions);
      for (Object id : ids) positions.add(IdIndex.positionOf(id));
      return positions;
    }
    return null;
  }

  private static boolean identifies(Object id) {
    return id instanceof ObjectId || id instanceof UUID || id instanceof Number && Keys.of(id) != Keys.UNSUPPORTED
        || id instanceof String;
  }

  private void searchIndexes() {
    Scan walk = null;
    Scan narrow = null;
    List<Scan> scans = new ArrayList<>();
    for (SortedIndex index : collection.sortedIndexes()) {
      for (Scan scan : Scans.of(index, conditions, order)) {
        if (scan.ordered && (walk == null || scan.size() < walk.size())) walk = scan;
        if (!scan.bounded) continue;
        scans.add(scan);
        if (narrow == null || scan.size() < narrow.size()) narrow = scan;
      }
    }
    boolean byId = order.isBy("_id") || order.keys.isEmpty();
    if (narrow == null) {
      if (walk == null || byId) scanDocuments(NO_BUDGET);
      else walk(walk, NO_BUDGET);
    } else if (walk != null && walk.size() <= narrow.size()) {
      walk(walk, NO_BUDGET);
    } else if (narrow.size() <= FEW || want == NO_BUDGET || !walkedWithin(narrow.size() / ROWS_PER_DOCUMENT, walk, byId)) {
      collect(narrow, scans);
    }
  }

  /** Whether a walk with this budget has found enough. */
  private boolean walkedWithin(int budget, Scan walk, boolean byId) {
    boolean enough = walk != null ? walk(walk, budget) : byId && scanDocuments(budget);
    if (!enough) found = new ArrayList<>();
    return enough;
  }

  private boolean walk(Scan scan, int budget) {
    plan = scan.index.getName();
    int limit = budget == NO_BUDGET ? budget : documentsExamined + budget;
    boolean[] complete = {true};
    scan.forEach(row -> {
      if (documentsExamined >= limit) return complete[0] = false;
      rowsExamined++;
      examine(SortedIndex.positionIn(row));
      return found.size() < want;
    });
    return complete[0];
  }

  /** Reads all rows of the narrowest scan, drops those that are not in the other scans, and examines the rest in order. */
  private void collect(Scan narrow, List<Scan> scans) {
    plan = narrow.index.getName();
    Map<Object, Object[]> rows = rowsOf(narrow, null);
    scans.sort(Comparator.comparingInt(Scan::size));
    // A scan of nearly all documents drops few rows.
    int selective = collection.count() / 4 * 3;
    for (Scan scan : scans) {
      if (scan == narrow || scan.size() > selective) continue;
      if (rows.size() > FEW && scan.size() / ROWS_PER_DOCUMENT <= rows.size()) rows = rowsOf(scan, rows);
    }
    Comparator<Object[]> byKeys = comparatorOf(narrow.index);
    PriorityQueue<Object[]> rest = new PriorityQueue<>(Math.max(1, rows.size()),
        byKeys != null ? byKeys : (a, b) -> SortedIndex.comparePositions(position(a), position(b)));
    rest.addAll(rows.values());
    while (!rest.isEmpty() && (byKeys == null || found.size() < want)) examine(position(rest.poll()));
    if (byKeys == null) found = sorted();
  }

  private static Object position(Object[] row) {
    return SortedIndex.positionIn(row);
  }

  /** The rows by position; of another scan only those that `among` has too, as they are in it. */
  private Map<Object, Object[]> rowsOf(Scan scan, Map<Object, Object[]> among) {
    Map<Object, Object[]> rows = new HashMap<>();
    scan.forEach(row -> {
      if ((++rowsExamined & 1023) == 0) TimeLimit.check();
      Object[] kept = among == null ? row : among.get(position(row));
      if (kept != null) rows.put(position(row), kept);
      return true;
    });
    return rows;
  }

  /** The order of the query on rows of this index; null if they do not contain its fields. */
  private Comparator<Object[]> comparatorOf(SortedIndex index) {
    Comparator<Object[]> comparator = null;
    for (IndexKey key : order.keys) {
      int at = -1;
      for (int i = 1; i < index.getKeys().size(); i++) {
        if (index.getKeys().get(i).getKey().equals(key.getKey())) at = i - 1;
      }
      int field = at;
      int sign = key.isAscending() ? 1 : -1;
      if (field < 0 && !isId(key)) return null;
      Comparator<Object[]> next = isId(key)
          ? (a, b) -> sign * SortedIndex.comparePositions(position(a), position(b))
          : (a, b) -> sign * Keys.compare(a[field], b[field]);
      comparator = comparator == null ? next : comparator.thenComparing(next);
    }
    Comparator<Object[]> byPosition = (a, b) -> SortedIndex.comparePositions(position(a), position(b));
    return comparator == null ? byPosition : comparator.thenComparing(byPosition);
  }

  /** Reads the documents in the order of their ids. Returns whether the budget was sufficient. */
  private boolean scanDocuments(int budget) {
    boolean ordered = order.keys.isEmpty() || idsAreText && order.isBy("_id");
    boolean descending = ordered && !order.keys.isEmpty() && !order.keys.get(0).isAscending()
        || order.special && collection.isDescending(orderBy);
    if (idsAreText && order.isBy("_id")) plan = "_id_";
    Object[] range = idsAreText ? idRange() : new Object[2];
    Cursor<Object, byte[]> cursor = collection.documents.cursor(range[descending ? 1 : 0], range[descending ? 0 : 1],
        descending);
    int limit = budget == NO_BUDGET ? budget : documentsExamined + budget;
    while (cursor.hasNext()) {
      if (documentsExamined >= limit) return false;
      cursor.next();
      examine(cursor.getValue());
      if (found.size() < want) continue;
      if (ordered || order.special) return true;
      // Documents that cannot be in the result need no memory.
      if (found.size() >= 2L * want + FEW) found = sorted();
    }
    if (!ordered) found = sorted();
    return true;
  }

  /** The least and the greatest id that the conditions permit. */
  private Object[] idRange() {
    Object[] range = new Object[2];
    for (Conditions.Condition condition : conditions.of("_id")) {
      if (!(condition.value() instanceof String id)) continue;
      if (condition.isLower()) range[0] = id;
      if (condition.isUpper()) range[1] = id;
    }
    if (range[0] != null || range[1] != null) plan = "_id_";
    return range;
  }

  private void examine(Object position) {
    byte[] bytes = collection.documents.get(position);
    if (bytes != null) examine(bytes);
  }

  private void examine(byte[] bytes) {
    TimeLimit.check();
    documentsExamined++;
    Document document = BsonType.decode(bytes);
    if (collection.matches(document, query)) found.add(document);
  }

  private List<Document> sorted() {
    if (!order.keys.isEmpty() && !order.special) found.sort(new DocumentComparator(orderBy));
    else if (order.special && !collection.isNatural(orderBy)) found.sort(new DocumentComparator(orderBy));
    return found.size() > want ? new ArrayList<>(found.subList(0, want)) : found;
  }
}
