package dev.heddle.catalog;

/** What a field of a document holds. */
public enum FieldType {
  /** Analysed text, searched by its words. */
  TEXT,
  /** A string that matches as a whole. */
  KEYWORD,
  LONG,
  DOUBLE,
  /** A day or an instant. */
  DATE,
  /** Latitude and longitude in degrees. */
  GEO_POINT,
  /** Kept and returned, not searched. */
  STORED
}
