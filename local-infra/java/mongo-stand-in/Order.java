import de.bwaldvogel.mongo.backend.IndexKey;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.List;

/** The fields of a sort. Documents that are equal in all of them are in the order of their positions. */
final class Order {
  private static final IndexKey ID = new IndexKey("_id", true);

  final List<IndexKey> keys = new ArrayList<>();
  /** "$natural", and whatever else is not a field with a direction. */
  final boolean special;

  Order(Document orderBy) {
    boolean allFields = true;
    if (orderBy != null) {
      for (var entry : orderBy.entrySet()) {
        allFields &= !entry.getKey().startsWith("$") && entry.getValue() instanceof Number;
        if (allFields) keys.add(new IndexKey(entry.getKey(), ((Number) entry.getValue()).intValue() > 0));
        // Ids are unique, so that later fields decide nothing.
        if (entry.getKey().equals("_id")) break;
      }
    }
    special = !allFields;
  }

  boolean isBy(String field) {
    return !keys.isEmpty() && keys.get(0).getKey().equals(field);
  }

  /** Whether rows in the order of these keys, and then of their positions, are in this order. */
  boolean isThatOf(List<IndexKey> rowKeys) {
    return describe(withoutLastId(keys)).equals(describe(withoutLastId(rowKeys)));
  }

  /** Whether the reverse of these rows is in this order. */
  boolean isReverseOf(List<IndexKey> rowKeys) {
    List<IndexKey> reversed = new ArrayList<>();
    for (IndexKey key : withoutLastId(rowKeys)) reversed.add(new IndexKey(key.getKey(), !key.isAscending()));
    reversed.add(new IndexKey("_id", false));
    return describe(keys).equals(describe(reversed));
  }

  /** The order of positions is that of the ids. */
  private static List<IndexKey> withoutLastId(List<IndexKey> keys) {
    int last = keys.size() - 1;
    boolean byId = last >= 0 && describe(keys.subList(last, last + 1)).equals(describe(List.of(ID)));
    return byId ? keys.subList(0, last) : keys;
  }

  private static List<String> describe(List<IndexKey> keys) {
    return keys.stream().map(key -> key.getKey() + " " + key.isAscending()).toList();
  }
}
