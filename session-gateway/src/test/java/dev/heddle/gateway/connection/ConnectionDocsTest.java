package dev.heddle.gateway.connection;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.heddle.gateway.GatewayFixture;
import dev.heddle.json.Json;
import dev.heddle.process.testing.Eventually;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.websocket.client.WebSocketClient;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Plays the dialogues of docs/connections.md against a gateway. */
@Timeout(60)
class ConnectionDocsTest {
  private static final Pattern CONNECTION = Pattern.compile("\"connection\":\"([^\"]+)\"");
  private static final Pattern EPOCH = Pattern.compile("\"epoch\":\"([^\"]+)\"");
  private static final Pattern RESUME = Pattern.compile("\"resume\":\"([^\"]+)\"");

  private static String page;
  private static GatewayFixture fixture;
  private static WebSocketClient library;

  @BeforeAll
  static void start(@TempDir Path directory) throws Exception {
    page = Files.readString(Path.of("../docs/connections.md"));
    fixture = new GatewayFixture(directory).readyForPeers();
    library = SocketClient.library();
    fixture.coordinator.handlers.put("hello", request -> "{\"statusCode\":200}");
    fixture.coordinator.handlers.put(
        "say",
        request -> {
          var event = Json.parse(request.getEventJson().toByteArray());
          return "{\"body\":" + Json.parse(event.path("body").asString()).path("text") + "}";
        });
    fixture.app("chat", blocks("yaml").getFirst());
  }

  @AfterAll
  static void stop() throws Exception {
    library.stop();
    fixture.close();
  }

  private static List<String> blocks(String kind) {
    var blocks = new ArrayList<String>();
    Matcher matcher = Pattern.compile("(?s)```" + kind + "\n(.*?)```").matcher(page);
    while (matcher.find()) {
      blocks.add(matcher.group(1));
    }
    return blocks;
  }

  @Test
  void theDialoguesAreWhatHappens() throws Exception {
    List<String> dialogues = blocks("dialogue");
    assertEquals(7, dialogues.size());
    for (String dialogue : dialogues) {
      try (var client = new Player()) {
        for (String line : dialogue.strip().split("\n")) {
          client.play(line);
        }
      }
    }
  }

  @Test
  void theTableOfRoutesAndLimitsNamesWhatThereIs() {
    for (String key : List.of("origins", "limits", "slowConsumer", "routes", "authentication")) {
      assertTrue(page.contains("| `" + key), key);
    }
    ResumeConfig config = ResumeConfig.defaults();
    assertTrue(page.contains("`resume.history` bytes (" + config.history() + ")"));
    assertTrue(page.contains("at most " + Pushes.MOST + ", as one frame"));
    assertTrue(
        page.contains(
            "up to " + Arrivals.MOST_FRAMES + ", or\n" + (Arrivals.MOST_BYTES >> 10) + "KiB"));
    assertTrue(page.contains("`resume.heartbeat` (" + config.heartbeat().toSeconds() + "s)"));
    assertTrue(page.contains("(" + config.pollWait().toSeconds() + "s)"));
    assertTrue(page.contains("`resume.take-over` (" + config.takeOver().toSeconds() + "s)"));
  }

  /** One client, with one socket or stream at a time. */
  private static final class Player implements AutoCloseable {
    private @Nullable SocketClient socket;
    private @Nullable EventReader events;
    private @Nullable HttpResponse<String> response;
    private String resume = "";

    /** Of the last channel that was spoken of. */
    private String epoch = "";

    /** Of the connection; until it is known, anything. */
    private String id = "…";

    void play(String line) throws Exception {
      String[] words =
          line.replace("{resume}", resume)
              .replace("{id}", id)
              .replace("{epoch}", epoch)
              .split(" ", 2);
      String rest = words.length > 1 ? words[1] : "";
      switch (words[0]) {
        case "connect" -> connect(rest.split(" ", 2));
        case ">" -> open().send(rest);
        case "<" -> expect(rest, open().nextText());
        case "vanish" -> open().vanish();
        case "closed" -> assertEquals(Integer.parseInt(rest), open().awaitClose());
        case "events" -> events = EventReader.open(fixture, rest, "", Map.of());
        case "event" -> event(rest.split(" ", 2));
        case "GET", "POST", "DELETE" -> request(words[0], rest.split(" ", 2));
        default -> answered(line, words[0], rest);
      }
    }

    private SocketClient open() {
      if (socket == null) {
        throw new AssertionError("no socket is open");
      }
      return socket;
    }

    private void connect(String[] words) throws Exception {
      String protocol = words.length > 1 ? words[1] : "";
      Map<String, String> headers = Map.of();
      socket =
          SocketClient.connect(library, fixture.gateway.httpPort(), words[0], protocol, headers);
    }

    private void event(String[] words) throws InterruptedException {
      if (events == null) {
        throw new AssertionError("no stream is open");
      }
      expect(words[1], events.next(words[0]).data());
    }

    private void request(String method, String[] words) throws Exception {
      response = fixture.send(method, words[0], words.length > 1 ? words[1] : "");
    }

    private void answered(String line, String status, String body) {
      if (response == null) {
        throw new AssertionError("no answer came before: " + line);
      }
      assertEquals(status, Integer.toString(response.statusCode()), response.body());
      expect(body, response.body());
    }

    private void expect(String pattern, String text) {
      String regex =
          Arrays.stream(pattern.split("…", -1))
              .map(Pattern::quote)
              .collect(Collectors.joining(".*"));
      assertTrue(
          Pattern.compile(regex, Pattern.DOTALL).matcher(text).matches(), pattern + " <- " + text);
      Matcher token = RESUME.matcher(text);
      if (token.find()) {
        resume = token.group(1);
      }
      Matcher line = EPOCH.matcher(text);
      if (line.find()) {
        epoch = line.group(1);
      }
      Matcher connection = CONNECTION.matcher(text);
      if (connection.find()) {
        id = connection.group(1);
      }
    }

    @Override
    public void close() {
      if (socket != null && socket.closed.getCount() > 0) {
        socket.close();
      }
      if (events != null) {
        events.close();
      }
      Eventually.eventually("the player has gone", () -> fixture.gateway.connections() == 0);
    }
  }
}
