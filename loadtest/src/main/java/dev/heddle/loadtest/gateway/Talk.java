package dev.heddle.loadtest.gateway;

import dev.heddle.loadtest.function.FunctionArchive;
import dev.heddle.loadtest.invoke.FunctionEdge;
import dev.heddle.process.HostPort;

/** The app of the experiments, and its function. */
final class Talk {
  static final String APP = "talk";

  private static final String FUNCTION = "frames";
  private static final String ROUTES =
      """
      name: talk
      routes:
        who: {function: frames}
        version: {function: frames}
        join: {function: frames}
        $default: {function: frames}
      """;

  private Talk() {}

  /** Deploys both. */
  static void deploy(HostPort gateway) {
    deployFunction(gateway, 0);
    deployApp(gateway, 0);
  }

  /** Deploys both, and has the function called when connections begin and end. */
  static void deployWithHooks(HostPort gateway) {
    deployFunction(gateway, 0);
    var hooks = "  $connect: {function: frames}\n  $disconnect: {function: frames}\n";
    new FunctionEdge(gateway).deployApp(APP, ROUTES + hooks);
  }

  /** Deploys both; of plain connections that do not keep up, the oldest frames are dropped. */
  static void deployDropping(HostPort gateway) {
    deployFunction(gateway, 0);
    new FunctionEdge(gateway).deployApp(APP, ROUTES + "slowConsumer: dropOldest\n");
  }

  /** A version of the function, which does what all of them do. */
  static void deployFunction(HostPort gateway, int number) {
    var manifest = "timeout: " + (60 + number) + "s\n";
    var _ =
        new FunctionEdge(gateway)
            .deploy(FUNCTION, FunctionArchive.of(FUNCTION, manifest, FrameHandler.class));
  }

  /** A version of the app, which does what all of them do. */
  static void deployApp(HostPort gateway, int number) {
    new FunctionEdge(gateway).deployApp(APP, ROUTES + "# " + number + "\n");
  }

  static String path() {
    return "/ws/" + APP;
  }
}
