package dev.heddle.loadtest.consistency;

import java.util.ArrayList;
import java.util.List;

/** Tries every order of every choice: slow, and too simple to be wrong. */
final class AllOrders {
  private AllOrders() {}

  static boolean explain(List<Operation> history) {
    return explain(Register.EMPTY, history);
  }

  private static boolean explain(Register register, List<Operation> left) {
    if (left.stream().allMatch(Operation::inDoubt)) {
      return true;
    }
    for (var next : left) {
      boolean late =
          left.stream().anyMatch(each -> !each.inDoubt() && each.returned() < next.invoked());
      var after = register.after(next);
      if (!late && after != null) {
        var others = new ArrayList<>(left);
        others.remove(next);
        if (explain(after, others)) {
          return true;
        }
      }
    }
    return false;
  }
}
