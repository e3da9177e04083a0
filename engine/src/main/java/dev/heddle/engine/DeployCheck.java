package dev.heddle.engine;

import dev.heddle.catalog.FunctionKind;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Threads;
import java.lang.reflect.InvocationTargetException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/** What is wrong with a jar, told to the author at deploy and not to users later. */
final class DeployCheck {
  private static final Duration MAX_START = Duration.ofSeconds(10);
  private static final Pattern CLASS = Pattern.compile("[A-Za-z_$][\\w$]*(\\.[A-Za-z_$][\\w$]*)*");

  private DeployCheck() {}

  /**
   * Creates the entry class once.
   *
   * @param kind empty: what the class implements
   * @throws HeddleException INVALID_FUNCTION saying what is wrong
   */
  static FunctionKind check(JarCode code, String entry, Optional<FunctionKind> kind) {
    if (!CLASS.matcher(entry).matches()) {
      throw EntryPoint.refuse(
          entry.isEmpty() ? "missing" : entry, "a class name such as com.example.MyFunction");
    }
    var entryPoint = EntryPoint.find(code, entry, "check");
    try {
      var found = kind(entryPoint, entry, kind);
      create(entryPoint, entry);
      return found;
    } finally {
      entryPoint.loader().close();
    }
  }

  private static FunctionKind kind(
      EntryPoint entryPoint, String entry, Optional<FunctionKind> wanted) {
    if (wanted.isEmpty() && entryPoint.handler() && entryPoint.scatter()) {
      throw EntryPoint.refuse(
          entry + " implements both Handler and ScatterFunction",
          "kind: handler or kind: scatter in heddle.yaml");
    }
    var kind = wanted.orElse(entryPoint.handler() ? FunctionKind.HANDLER : FunctionKind.SCATTER);
    boolean fits =
        switch (kind) {
          case HANDLER -> entryPoint.handler();
          case SCATTER -> entryPoint.scatter();
        };
    if (!fits) {
      throw EntryPoint.refuse(
          entry + " implements " + (entryPoint.handler() ? "Handler" : "ScatterFunction"),
          kind == FunctionKind.HANDLER ? "Handler, as kind says" : "ScatterFunction, as kind says");
    }
    return kind;
  }

  /** Creates one instance on a thread of its own: an author's endless loop must not hold us. */
  private static void create(EntryPoint entryPoint, String entry) {
    var created = new CompletableFuture<@Nullable Void>();
    var thread =
        Threads.named("heddle-deploy-check")
            .newThread(() -> {
              try {
                entryPoint.constructor().newInstance();
                created.complete(null);
              } catch (Throwable thrown) {
                created.completeExceptionally(thrown);
              }
            });
    thread.setContextClassLoader(entryPoint.loader());
    thread.start();
    try {
      created.get(MAX_START.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      thread.interrupt();
      throw EntryPoint.refuse(
          entry + " was not created within " + MAX_START.toSeconds() + "s",
          "static initializer and constructor to end");
    } catch (InterruptedException e) {
      thread.interrupt();
      Thread.currentThread().interrupt();
      throw new HeddleException(ErrorCode.CANCELLED, "deploy: interrupted", e);
    } catch (ExecutionException e) {
      throw notCreated(entry, e.getCause() == null ? e : e.getCause());
    }
  }

  private static HeddleException notCreated(String entry, Throwable thrown) {
    if (thrown instanceof InvocationTargetException inner && inner.getCause() != null) {
      return EntryPoint.refuse(
          "constructor of " + entry + " threw " + Failures.describe(inner.getCause()),
          "an instance");
    }
    if (thrown instanceof ExceptionInInitializerError broken && broken.getCause() != null) {
      return EntryPoint.refuse(
          "static initializer of " + entry + " threw " + Failures.describe(broken.getCause()),
          "a class that initializes");
    }
    return EntryPoint.refuse(
        entry + " cannot be created: " + Failures.describe(thrown), "an instance");
  }
}
