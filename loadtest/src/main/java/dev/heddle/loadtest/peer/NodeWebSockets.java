package dev.heddle.loadtest.peer;

import dev.heddle.loadtest.chaos.FreePorts;
import dev.heddle.process.ErrorCode;
import dev.heddle.process.HeddleException;
import dev.heddle.process.Ticker;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * The package {@code ws} of npm on node, on loopback: {@code /echo} sends frames back, {@code /sub}
 * gets what is POSTed to {@code /pub}, and {@code GET /heap} answers with the bytes of live objects
 * after a garbage collection.
 */
public final class NodeWebSockets {
  public static final String VERSION = "8.23.0";

  private static final String SERVER =
      """
      const http = require('http');
      const { WebSocketServer } = require('ws');
      const subscribers = new Set();
      const server = http.createServer((request, response) => {
        if (request.url === '/pub') {
          const parts = [];
          request.on('data', (part) => parts.push(part)).on('end', () => {
            const message = Buffer.concat(parts);
            for (const each of subscribers) each.send(message, { binary: false });
            response.end();
          });
          return;
        }
        global.gc();
        const { heapUsed, external } = process.memoryUsage();
        response.end(String(heapUsed + external));
      });
      const sockets = new WebSocketServer({ server, perMessageDeflate: false });
      sockets.on('connection', (socket, request) => {
        if (request.url === '/sub') {
          subscribers.add(socket);
          socket.on('close', () => subscribers.delete(socket));
        } else {
          socket.on('message', (message) => socket.send(message, { binary: false }));
        }
      });
      server.keepAliveTimeout = 600000;
      server.listen({ port: +process.argv[2], host: '127.0.0.1', backlog: 4096 });
      // Ends when the one who started it does.
      process.stdin.resume().on('end', () => process.exit(0));
      """;

  private NodeWebSockets() {}

  /**
   * Fetches what is not there, starts it, and waits until it listens.
   *
   * @param packages keeps what npm fetches, for later runs
   * @param directory takes the script and the log
   * @throws HeddleException UNAVAILABLE if it cannot be had
   */
  public static ServerProcess start(Path packages, Path directory, FreePorts ports, Ticker ticker)
      throws InterruptedException {
    var folder = packages.resolve("ws-" + VERSION);
    var modules = folder.resolve("node_modules");
    var at = ports.next("127.0.0.1");
    try {
      Files.createDirectories(directory);
      if (!Files.exists(modules.resolve("ws/package.json"))) {
        NpmPackage.fetch("ws", VERSION, folder, directory.resolve("npm.log"));
      }
      if (!Files.exists(modules.resolve("ws/package.json"))) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            "ws " + VERSION + ": not fetched from npm, see " + directory.resolve("npm.log"));
      }
      var script = Files.writeString(directory.resolve("ws-server.js"), SERVER);
      var plan =
          new ServerProcess.Plan(
              "ws " + VERSION,
              List.of("node", "--expose-gc", script.toString(), Integer.toString(at.port())),
              Map.of("NODE_PATH", modules.toString()),
              directory.resolve("ws.log"),
              at);
      return ServerProcess.start(plan, ticker);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "ws: " + e, e);
    }
  }
}
