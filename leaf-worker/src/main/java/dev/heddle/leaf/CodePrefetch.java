package dev.heddle.leaf;

import dev.heddle.catalog.CatalogView;
import dev.heddle.catalog.FunctionRecord;
import dev.heddle.catalog.FunctionVersion;
import dev.heddle.engine.FunctionRef;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.time.Duration;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes this leaf ready for versions as soon as an alias names them, so that their first call need
 * not wait for code. What was there before this leaf is loaded when it is first called. Views come
 * from one thread; the work is done on another.
 */
final class CodePrefetch implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(CodePrefetch.class);
  private static final Duration CLOSE_GRACE = Duration.ofSeconds(1);

  /** Versions that may wait; the code of more is loaded when they are called. */
  private static final int MOST_WAITING = 256;

  private final Consumer<FunctionRef> load;
  private final ThreadPoolExecutor thread = Threads.bounded("leaf-prefetch", 1, MOST_WAITING);
  private Set<String> named = Set.of();
  private boolean begun;

  /**
   * @param load makes a version ready here; throws what a call of it would meet
   */
  CodePrefetch(Consumer<FunctionRef> load) {
    this.load = load;
  }

  /** Takes a new view of the catalog. */
  void follow(CatalogView view) {
    if (view.revision() < 0) {
      return;
    }
    Set<String> now = new HashSet<>();
    for (var record : view.allFunctions()) {
      for (var version : record.versions()) {
        if (named(record, version)) {
          String key = record.key() + "@" + version.digest();
          now.add(key);
          if (begun && !named.contains(key)) {
            fetch(new FunctionRef(record.tenant(), record.name(), Optional.of(version)));
          }
        }
      }
    }
    named = now;
    begun = true;
  }

  private static boolean named(FunctionRecord record, FunctionVersion version) {
    return record.aliases().values().stream().anyMatch(alias -> alias.names(version.digest()));
  }

  private void fetch(FunctionRef ref) {
    try {
      thread.execute(() -> {
        try {
          load.accept(ref);
        } catch (HeddleException e) {
          log.info("code is not ready function={} cause={}", ref.label(), e.getMessage());
        }
      });
    } catch (HeddleException e) {
      log.debug("code is not fetched ahead function={}", ref.label());
    }
  }

  @Override
  public void close() {
    Threads.close(thread, CLOSE_GRACE);
  }
}
