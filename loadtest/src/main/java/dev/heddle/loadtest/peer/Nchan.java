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
 * Debian's nginx with nchan, one worker, on loopback: {@code /echo/N} is a channel of its own for
 * each number, {@code /sub} gets what is POSTed to {@code /pub}, and {@code /poll} waits for what
 * is POSTed to {@code /pub-poll}; a GET of these two tells of the channel. The system's own nginx,
 * its config and its logs are left alone.
 */
public final class Nchan {
  private static final Path PROGRAM = Path.of("/usr/sbin/nginx");
  private static final Path MODULE = Path.of("/usr/lib/nginx/modules/ngx_nchan_module.so");

  private Nchan() {}

  /**
   * Starts it, and waits until it listens.
   *
   * @param directory takes config, temporary files and logs
   * @param descriptors that it may have open
   * @throws HeddleException UNAVAILABLE if it is not installed
   */
  public static ServerProcess start(
      Path directory, long descriptors, FreePorts ports, Ticker ticker) {
    for (var file : List.of(PROGRAM, MODULE)) {
      if (!Files.exists(file)) {
        throw new HeddleException(
            ErrorCode.UNAVAILABLE,
            file + ": not there (expected: apt-get install nginx libnginx-mod-nchan)");
      }
    }
    var at = ports.next("127.0.0.1");
    try {
      Files.createDirectories(directory.resolve("tmp"));
      var text =
          """
          load_module %s;
          worker_processes 1; worker_rlimit_nofile %d;
          daemon off; pid nginx.pid; error_log error.log warn;
          events { worker_connections %d; }
          http {
            access_log off; keepalive_requests 1000000; keepalive_timeout 600;
            client_body_temp_path tmp; proxy_temp_path tmp; fastcgi_temp_path tmp;
            uwsgi_temp_path tmp; scgi_temp_path tmp;
            nchan_shared_memory_size 256M; nchan_message_buffer_length 0; nchan_message_timeout 5s;
            server {
              listen %s backlog=4096;
              location = /sub {
                nchan_subscriber websocket; nchan_subscriber_first_message newest; nchan_channel_id r;
              }
              location = /poll {
                nchan_subscriber longpoll; nchan_subscriber_first_message newest; nchan_channel_id p;
                nchan_longpoll_multipart_response off;
              }
              location ~ ^/echo/(\\d+)$ {
                nchan_pubsub websocket; nchan_subscriber_first_message newest; nchan_channel_id e$1;
              }
              location = /pub { nchan_publisher; nchan_channel_id r; }
              location = /pub-poll { nchan_publisher; nchan_channel_id p; }
            }
          }
          """
              .formatted(MODULE, descriptors, Math.max(64, descriptors - 100), at);
      var config = Files.writeString(directory.resolve("nginx.conf"), text);
      var command =
          List.of(
              PROGRAM.toString(),
              "-p",
              directory.toString(),
              "-c",
              config.toString(),
              "-e",
              "error.log");
      var log = directory.resolve("nchan.log");
      return ServerProcess.start(
          new ServerProcess.Plan("nchan", command, Map.of(), log, at), ticker);
    } catch (IOException e) {
      throw new HeddleException(ErrorCode.UNAVAILABLE, "nchan: " + e, e);
    }
  }
}
