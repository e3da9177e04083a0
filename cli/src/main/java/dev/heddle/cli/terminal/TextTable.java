package dev.heddle.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** Rows in aligned columns; owned by one thread. */
public final class TextTable {
  private final List<List<String>> rows = new ArrayList<>();
  private final List<Boolean> right;

  private TextTable(List<String> titles, List<Boolean> right) {
    this.right = right;
    rows.add(titles);
  }

  /** A table with these column titles; a title that starts with {@code >} aligns to the right. */
  public static TextTable of(String... titles) {
    List<String> names = new ArrayList<>();
    List<Boolean> right = new ArrayList<>();
    for (String title : titles) {
      right.add(title.startsWith(">"));
      names.add(title.startsWith(">") ? title.substring(1) : title);
    }
    return new TextTable(names, right);
  }

  public TextTable row(Object... cells) {
    if (cells.length != right.size()) {
      throw new IllegalArgumentException(
          "cells: " + cells.length + " (expected: " + right.size() + ")");
    }
    List<String> row = new ArrayList<>();
    for (Object cell : cells) {
      row.add(String.valueOf(cell));
    }
    rows.add(row);
    return this;
  }

  /** The table without a line break at its end. */
  public String text() {
    int[] widths = new int[right.size()];
    for (List<String> row : rows) {
      for (int i = 0; i < widths.length; i++) {
        widths[i] = Math.max(widths[i], row.get(i).length());
      }
    }
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int i = 0; i < widths.length; i++) {
        String pad = " ".repeat(widths[i] - row.get(i).length());
        line.append(i == 0 ? "" : "  ").append(right.get(i) ? pad + row.get(i) : row.get(i) + pad);
      }
      text.append(text.isEmpty() ? "" : "\n").append(line.toString().stripTrailing());
    }
    return text.toString();
  }
}
