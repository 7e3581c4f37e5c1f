import de.bwaldvogel.mongo.backend.IndexKey;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.function.Predicate;

/** The ranges of one index that contain all matches of a query: one for each condition on its first field. */
final class Scans {
  private final SortedIndex index;
  private final Conditions conditions;
  private final Order order;

  private Scans(SortedIndex index, Conditions conditions, Order order) {
    this.index = index;
    this.conditions = conditions;
    this.order = order;
  }

  static List<Scan> of(SortedIndex index, Conditions conditions, Order order) {
    return index.usable() ? new Scans(index, conditions, order).all() : List.of();
  }

  private List<Scan> all() {
    List<Scan> scans = new ArrayList<>();
    Conditions.Condition lower = null;
    Conditions.Condition upper = null;
    for (Conditions.Condition condition : conditions.of(keys().get(0).getKey())) {
      switch (condition.operator()) {
        case EQUAL -> scans.add(equalTo(condition.value()));
        case PREFIX -> {
          if (index.firstIsText()) scans.add(startingWith((String) condition.value()));
        }
        default -> {
          // Different elements of an array may fulfil two conditions, so only one of them is a bound.
          if (condition.isLower() && (upper == null || !index.firstIsArray())) lower = condition;
          else if (condition.isUpper() && (lower == null || !index.firstIsArray())) upper = condition;
        }
      }
    }
    boolean ordered = !index.firstIsArray() && order.isThatOf(keys());
    if (lower != null || upper != null) scans.add(between(lower, upper, ordered));
    else if (ordered) scans.add(whole(index.byFirst(), true, false));
    return scans;
  }

  private List<IndexKey> keys() {
    return index.getKeys();
  }

  private Scan startingWith(String prefix) {
    boolean ascending = keys().get(0).isAscending();
    NavigableMap<Object, SortedRows> texts = ascending ? index.byFirst() : index.byFirst().descendingMap();
    // No text has this character, so that all texts with the prefix are before it.
    String end = prefix + Character.MAX_VALUE;
    return new Scan(index, false, true).over(texts.subMap(prefix, true, end, true).values());
  }

  private Scan between(Conditions.Condition lower, Conditions.Condition upper, boolean ordered) {
    boolean ascending = keys().get(0).isAscending();
    NavigableMap<Object, SortedRows> rows = ascending ? index.byFirst() : index.byFirst().descendingMap();
    if (lower != null) rows = rows.tailMap(lower.value(), true);
    if (upper != null) {
      if (lower != null && Keys.compare(lower.value(), upper.value()) > 0) return new Scan(index, ordered, true);
      rows = rows.headMap(upper.value(), true);
    }
    return whole(ascending ? rows : rows.descendingMap(), ordered, true);
  }

  private Scan whole(Map<Object, SortedRows> byFirst, boolean ordered, boolean bounded) {
    return new Scan(index, ordered, bounded).over(byFirst.values());
  }

  /** Uses equality on the next fields too, and then one range. */
  private Scan equalTo(Object first) {
    List<Object> equal = new ArrayList<>();
    while (equal.size() + 1 < keys().size()) {
      Object value = valueOf(keys().get(equal.size() + 1).getKey());
      if (value == null) break;
      equal.add(value);
    }
    int next = equal.size() + 1;
    List<IndexKey> others = keys().subList(next, keys().size());
    boolean reversed = order.isReverseOf(others);
    Scan scan = new Scan(index, reversed || order.isThatOf(others), true);
    if (reversed) scan.backwards();
    SortedRows rows = index.byFirst().get(first);
    if (rows == null) return scan;
    Conditions.Condition start = null;
    Conditions.Condition end = null;
    if (next < keys().size()) {
      boolean ascending = keys().get(next).isAscending();
      for (Conditions.Condition condition : conditions.of(keys().get(next).getKey())) {
        // Values of _id are as the query has them, and the ids of an index that is used are texts.
        if (keys().get(next).getKey().equals("_id") && !(condition.value() instanceof String)) continue;
        if (ascending ? condition.isLower() : condition.isUpper()) start = condition;
        if (ascending ? condition.isUpper() : condition.isLower()) end = condition;
      }
    }
    return scan.over(rows, rows.rank(before(equal, start, false)), rows.rank(before(equal, end, true)));
  }

  private Object valueOf(String field) {
    if (field.equals("_id")) return null;
    for (Conditions.Condition condition : conditions.of(field)) {
      if (condition.operator() == Conditions.Operator.EQUAL) return condition.value();
    }
    return null;
  }

  /** Whether a row is before the bound; an absent bound is the first or the last row with the equal values. */
  private Predicate<Object[]> before(List<Object> equal, Conditions.Condition bound, boolean end) {
    return row -> {
      for (int i = 0; i < equal.size(); i++) {
        int compared = index.compareAt(i, row[i], equal.get(i));
        if (compared != 0) return compared < 0;
      }
      if (bound == null) return end;
      int compared = index.compareAt(equal.size(), row[equal.size()], bound.value());
      return compared != 0 ? compared < 0 : end == bound.includesItsValue();
    };
  }
}
