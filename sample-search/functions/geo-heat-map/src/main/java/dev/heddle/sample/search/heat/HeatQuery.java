package dev.heddle.sample.search.heat;

import dev.heddle.function.Query;
import dev.heddle.function.ScatterRequest;

/**
 * The request, checked.
 *
 * @param field a geo point field
 * @param zoom the grid has 2<sup>zoom</sup> columns and as many rows, 0..12
 * @param size cells wanted, fullest first, 1..10,000
 */
record HeatQuery(Query query, String field, int zoom, int size) {
  static HeatQuery of(ScatterRequest request) {
    var args = request.args().allow("field", "zoom", "size");
    return new HeatQuery(
        request.query(),
        args.string("field", "location"),
        (int) args.integer("zoom", 6, 0, 12),
        (int) args.integer("size", 1_000, 1, 10_000));
  }

  /** Row and column in one number: the row is {@code cell >> zoom}. */
  int cell(double latitude, double longitude) {
    int cells = 1 << zoom;
    int row = Math.min(cells - 1, (int) ((latitude + 90) / 180 * cells));
    int column = Math.min(cells - 1, (int) ((longitude + 180) / 360 * cells));
    return row << zoom | column;
  }
}
