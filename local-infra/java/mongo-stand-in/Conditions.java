import de.bwaldvogel.mongo.bson.BsonRegularExpression;
import de.bwaldvogel.mongo.bson.Document;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What every match of a query must fulfil, as far as an index can use it. It may be less than the query requires: the
 * query is checked on each document that an index finds.
 */
final class Conditions {
  enum Operator { EQUAL, PREFIX, GREATER, GREATER_OR_EQUAL, LESS, LESS_OR_EQUAL, IN }

  record Condition(Operator operator, Object value) {
    boolean isLower() {
      return operator == Operator.GREATER || operator == Operator.GREATER_OR_EQUAL;
    }

    boolean isUpper() {
      return operator == Operator.LESS || operator == Operator.LESS_OR_EQUAL;
    }

    boolean includesItsValue() {
      return operator != Operator.GREATER && operator != Operator.LESS;
    }
  }

  private static final Map<String, Operator> OPERATORS = Map.of(
      "$eq", Operator.EQUAL, "$gt", Operator.GREATER, "$gte", Operator.GREATER_OR_EQUAL, "$lt", Operator.LESS,
      "$lte", Operator.LESS_OR_EQUAL, "$in", Operator.IN);

  private final Map<String, List<Condition>> byField = new HashMap<>();

  Conditions(Document query) {
    addAll(query);
  }

  List<Condition> of(String field) {
    return byField.getOrDefault(field, List.of());
  }

  private void addAll(Document query) {
    query.forEach((field, value) -> {
      if (field.equals("$and") && value instanceof Collection<?> all) {
        for (Object each : all) if (each instanceof Document document) addAll(document);
      } else if (!field.startsWith("$")) {
        addValue(field, value);
      }
    });
  }

  private void addValue(String field, Object value) {
    if (BsonRegularExpression.isRegularExpression(value)) {
      String prefix = prefixOf(BsonRegularExpression.convertToRegularExpression(value));
      if (!prefix.isEmpty()) add(field, Operator.PREFIX, prefix);
    } else if (value instanceof Document operators) {
      operators.forEach((name, operand) -> {
        Operator operator = OPERATORS.get(name);
        if (operator != null) add(field, operator, operand);
      });
    } else {
      add(field, Operator.EQUAL, value);
    }
  }

  /** Nothing equals null only: a missing field does too. */
  private void add(String field, Operator operator, Object operand) {
    Object value = operator == Operator.IN || field.equals("_id") ? operand : Keys.of(operand);
    if (value == null || value == Keys.UNSUPPORTED) return;
    byField.computeIfAbsent(field, name -> new ArrayList<>()).add(new Condition(operator, value));
  }

  /** The text with which all matches start; empty if that is unknown. */
  private static String prefixOf(BsonRegularExpression expression) {
    String pattern = expression.getPattern();
    String options = expression.getOptions();
    // mongo-java-server also matches the text of a whole array, which starts with a bracket.
    if (options != null && !options.isEmpty() || !pattern.startsWith("^") || pattern.startsWith("^\\[")) return "";
    // An alternative need not start with it.
    if (pattern.replaceAll("\\\\.", "").contains("|")) return "";
    StringBuilder prefix = new StringBuilder();
    int at = 1;
    for (; at < pattern.length(); at++) {
      char next = pattern.charAt(at);
      if (next == '\\') {
        if (at + 1 == pattern.length() || Character.isLetterOrDigit(pattern.charAt(at + 1))) break;
        prefix.append(pattern.charAt(++at));
      } else if (".^$*+?()[]{}".indexOf(next) < 0) {
        prefix.append(next);
      } else {
        break;
      }
    }
    boolean optional = at < pattern.length() && "*?{".indexOf(pattern.charAt(at)) >= 0;
    if (!optional || prefix.length() == 0) return prefix.toString();
    return prefix.substring(0, prefix.offsetByCodePoints(prefix.length(), -1));
  }
}
