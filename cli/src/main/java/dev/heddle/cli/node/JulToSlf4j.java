package dev.heddle.cli.node;

import java.text.MessageFormat;
import java.util.logging.Handler;
import java.util.logging.Level;
import java.util.logging.LogManager;
import java.util.logging.LogRecord;
import java.util.logging.Logger;
import org.slf4j.LoggerFactory;

/** Hands on what libraries log through java.util.logging: warnings and worse. */
final class JulToSlf4j extends Handler {
  private JulToSlf4j() {}

  static void install() {
    LogManager.getLogManager().reset();
    Logger root = Logger.getLogger("");
    root.setLevel(Level.WARNING);
    root.addHandler(new JulToSlf4j());
  }

  @Override
  public void publish(LogRecord event) {
    if (event.getLoggerName() == null || event.getLevel().intValue() < Level.WARNING.intValue()) {
      return;
    }
    var log = LoggerFactory.getLogger(event.getLoggerName());
    String message = message(event);
    if (event.getLevel().intValue() >= Level.SEVERE.intValue()) {
      log.error(message, event.getThrown());
    } else {
      log.warn(message, event.getThrown());
    }
  }

  private static String message(LogRecord event) {
    String text = String.valueOf(event.getMessage());
    Object[] parameters = event.getParameters();
    return parameters == null || parameters.length == 0
        ? text
        : MessageFormat.format(text, parameters);
  }

  @Override
  public void flush() {}

  @Override
  public void close() {}
}
