package dev.heddle.aggregations;

import dev.heddle.aggregations.AggregationResult.Tile;
import dev.heddle.function.Shard.GeoValues;
import dev.heddle.function.Shard.Segment;
import org.jspecify.annotations.Nullable;

/**
 * The tiles of the web map that a document has points in, as {@code x << 32 | y}. Points beyond the
 * map's northern and southern edges, at 85.05 degrees, are in the tiles there.
 */
final class GeoKeys extends BucketKeys {
  private final String field;
  private final int zoom;
  private @Nullable GeoValues values;

  GeoKeys(String field, int zoom) {
    this.field = field;
    this.zoom = zoom;
  }

  @Override
  void enter(Segment segment) {
    values = segment.points(field);
  }

  @Override
  int read(int document) {
    var entered = values;
    if (entered == null || !entered.advance(document)) {
      return 0;
    }
    int count = entered.count();
    room(count);
    for (int i = 0; i < count; i++) {
      entered.next();
      keys[i] = key(entered.latitude(), entered.longitude(), zoom);
    }
    return distinct(count);
  }

  static long key(double latitude, double longitude, int zoom) {
    int tiles = 1 << zoom;
    double sine = Math.sin(Math.toRadians(latitude));
    double north = 0.5 - Math.log((1 + sine) / (1 - sine)) / (4 * Math.PI);
    int x = within((longitude + 180) / 360 * tiles, tiles);
    int y = within(north * tiles, tiles);
    return (long) x << 32 | y;
  }

  /** Both poles lie at infinity; the map's edges are its outermost tiles. */
  private static int within(double place, int tiles) {
    return (int) Math.max(0, Math.min(tiles - 1, Math.floor(place)));
  }

  /** {@code zoom/x/y}, as in the addresses of map tiles. */
  static String name(long key, int zoom) {
    return zoom + "/" + (key >>> 32) + "/" + (int) key;
  }

  static Tile tile(long key, int zoom) {
    int x = (int) (key >>> 32);
    int y = (int) key;
    return new Tile(
        latitude(y, zoom), longitude(x, zoom), latitude(y + 1, zoom), longitude(x + 1, zoom));
  }

  private static double longitude(int x, int zoom) {
    return Math.scalb((double) x, -zoom) * 360 - 180;
  }

  private static double latitude(int y, int zoom) {
    double north = Math.PI * (1 - 2 * Math.scalb((double) y, -zoom));
    return Math.toDegrees(Math.atan(Math.sinh(north)));
  }
}
