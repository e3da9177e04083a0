package dev.heddle.loadtest.measure;

import java.util.ArrayList;
import java.util.List;

/** A command line that may be shown to others. */
public final class CommandText {
  private static final String KEY = "--key";
  private static final String HIDDEN = "***";

  private CommandText() {}

  /** The arguments, without the API key. */
  public static List<String> shown(List<String> arguments) {
    var shown = new ArrayList<String>();
    boolean hide = false;
    for (var argument : arguments) {
      if (hide) {
        shown.add(HIDDEN);
      } else {
        shown.add(argument.startsWith(KEY + "=") ? KEY + "=" + HIDDEN : argument);
      }
      hide = argument.equals(KEY);
    }
    return shown;
  }
}
