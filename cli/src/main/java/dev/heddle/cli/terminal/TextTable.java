package dev.heddle.cli.terminal;

import java.util.ArrayList;
import java.util.List;

/** Rows in aligned columns; a cell may have several lines. Owned by one thread. */
public final class TextTable {
  /** Of text without line breaks: a row of several lines stands here as several. */
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

  /**
   * @param cells a {@link List} is a cell of so many lines
   */
  public TextTable row(Object... cells) {
    if (cells.length != right.size()) {
      throw new IllegalArgumentException(
          "cells: " + cells.length + " (expected: " + right.size() + ")");
    }
    List<List<?>> columns = new ArrayList<>();
    int height = 1;
    for (Object cell : cells) {
      List<?> lines = cell instanceof List<?> several ? several : List.of(cell);
      columns.add(lines);
      height = Math.max(height, lines.size());
    }
    for (int line = 0; line < height; line++) {
      List<String> row = new ArrayList<>();
      for (List<?> lines : columns) {
        row.add(line < lines.size() ? String.valueOf(lines.get(line)) : "");
      }
      rows.add(row);
    }
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
