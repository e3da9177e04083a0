package dev.heddle.coordinator.plan;

import dev.heddle.catalog.DatasetRecord;
import dev.heddle.catalog.PositionToken;
import dev.heddle.catalog.PositionToken.Position;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What a read of a dataset must have seen. Immutable. */
public final class Reading {
  /** How much a read has to know. */
  public enum Level {
    /** Whatever the replica has. */
    ANY,
    /** At or after certain positions. */
    SESSION,
    /** Every write that was acknowledged before the read began. */
    LINEARIZABLE
  }

  public static final Reading ANY = new Reading(Level.ANY, new Position[0]);

  private final Level level;

  /** Null where there is none; shorter than the dataset where the last shards have none. */
  private final @Nullable Position[] byShard;

  private Reading(Level level, @Nullable Position[] byShard) {
    this.level = level;
    this.byShard = byShard;
  }

  /**
   * The reading that a request asks for. A session that has no positions in the dataset needs
   * nothing; one whose token may lack some reads linearizably.
   *
   * @throws dev.heddle.process.HeddleException POSITION_LOST if the level is not ANY and the token
   *     speaks of a history of the dataset that is no more
   */
  public static Reading of(Level level, PositionToken token, DatasetRecord dataset) {
    if (level == Level.ANY) {
      return ANY;
    }
    var positions = token.of(dataset);
    if (level == Level.LINEARIZABLE || token.mayLack(dataset)) {
      return new Reading(Level.LINEARIZABLE, new Position[0]);
    }
    return positions.isEmpty() ? ANY : session(positions);
  }

  /**
   * The reading that another coordinator has found out for a part of its query.
   *
   * @param positions of the part's shards, for a session
   */
  public static Reading handed(Level level, List<Position> positions) {
    return switch (level) {
      case ANY -> ANY;
      case SESSION -> session(positions);
      case LINEARIZABLE -> new Reading(Level.LINEARIZABLE, new Position[0]);
    };
  }

  private static Reading session(List<Position> positions) {
    int last = positions.stream().mapToInt(Position::shard).max().orElse(-1);
    var byShard = new @Nullable Position[last + 1];
    positions.forEach(position -> byShard[position.shard()] = position);
    return new Reading(Level.SESSION, byShard);
  }

  public Level level() {
    return level;
  }

  private @Nullable Position position(int shard) {
    return shard < byShard.length ? byShard[shard] : null;
  }

  /** The index that a read of the shard must have seen; 0: none in particular. */
  public long index(int shard) {
    var position = position(shard);
    return position == null ? 0 : position.index();
  }

  /** The positions that a read of the shards must have seen. */
  public List<Position> positions(List<Integer> shards) {
    if (byShard.length == 0) {
      return List.of();
    }
    List<Position> wanted = new ArrayList<>(shards.size());
    for (int shard : shards) {
      var position = position(shard);
      if (position != null) {
        wanted.add(position);
      }
    }
    return wanted;
  }
}
