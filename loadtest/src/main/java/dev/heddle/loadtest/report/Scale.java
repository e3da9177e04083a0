package dev.heddle.loadtest.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** Where values lie on an axis, as a share of its length, and which of them have a label. */
sealed interface Scale {
  /** 0 for the lowest value of the axis, 1 for the highest; beyond them, the nearer one. */
  double share(double value);

  /** In ascending order, all within the axis. */
  List<Tick> ticks();

  /** A labelled value. */
  record Tick(double value, String label) {}

  /** Equal steps for equal differences. */
  record Linear(double low, double high) implements Scale {
    private static final int WANTED = 5;

    public Linear {
      if (!(low < high)) {
        throw new IllegalArgumentException(
            "scale: " + low + " to " + high + " (expected: low < high)");
      }
    }

    /** From zero to a round value that is not below the highest one. */
    static Linear upTo(double highest) {
      double most = highest > 0 ? highest : 1;
      double step = step(most);
      return new Linear(0, step * Math.ceil(most / step - 1e-9));
    }

    /** 1, 2 or 5 times a power of ten (Heckbert, Nice Numbers for Graph Labels, 1990). */
    private static double step(double span) {
      double rough = span / WANTED;
      double power = Math.pow(10, Math.floor(Math.log10(rough)));
      double share = rough / power;
      double nice = share < 1.5 ? 1 : share < 3 ? 2 : share < 7 ? 5 : 10;
      return nice * power;
    }

    @Override
    public double share(double value) {
      return Math.clamp((value - low) / (high - low), 0, 1);
    }

    @Override
    public List<Tick> ticks() {
      double step = step(high - low);
      var ticks = new ArrayList<Tick>();
      for (long i = (long) Math.ceil(low / step - 1e-9); i * step <= high + step * 1e-9; i++) {
        ticks.add(new Tick(i * step, label(i * step)));
      }
      return ticks;
    }
  }

  /** Equal steps for equal ratios. */
  record Log(double low, double high) implements Scale {
    public Log {
      if (!(low > 0 && low < high)) {
        throw new IllegalArgumentException(
            "scale: " + low + " to " + high + " (expected: 0 < low < high)");
      }
    }

    /** Whole steps of 1, 2, 5 around the values. */
    static Log around(double lowest, double highest) {
      double low = Math.max(lowest, 1e-6);
      double high = Math.max(highest, low * 2);
      return new Log(below(low), above(high));
    }

    private static double below(double value) {
      double power = Math.pow(10, Math.floor(Math.log10(value) + 1e-9));
      return value >= 5 * power ? 5 * power : value >= 2 * power ? 2 * power : power;
    }

    private static double above(double value) {
      double low = below(value);
      return low >= value * (1 - 1e-9) ? low : below(low * 2.6);
    }

    @Override
    public double share(double value) {
      double at = Math.log(Math.max(value, low) / low) / Math.log(high / low);
      return Math.clamp(at, 0, 1);
    }

    @Override
    public List<Tick> ticks() {
      boolean close = high / low <= 200;
      var ticks = new ArrayList<Tick>();
      double power = Math.pow(10, Math.floor(Math.log10(low) + 1e-9));
      for (; power <= high * (1 + 1e-9); power *= 10) {
        for (int times : close ? new int[] {1, 2, 5} : new int[] {1}) {
          double value = times * power;
          if (value >= low * (1 - 1e-9) && value <= high * (1 + 1e-9)) {
            ticks.add(new Tick(value, label(value)));
          }
        }
      }
      return ticks;
    }
  }

  /** Quantiles with equal steps for each further nine: 90 %, 99 %, 99.9 %. */
  record Nines(int nines) implements Scale {
    public Nines {
      if (nines < 1 || nines > 9) {
        throw new IllegalArgumentException("nines: " + nines + " (expected: 1..9)");
      }
    }

    @Override
    public double share(double quantile) {
      return quantile >= 1 ? 1 : Math.clamp(-Math.log10(1 - quantile) / nines, 0, 1);
    }

    @Override
    public List<Tick> ticks() {
      var ticks = new ArrayList<Tick>();
      ticks.add(new Tick(0, "0"));
      ticks.add(new Tick(0.5, "50"));
      for (int i = 1; i <= nines; i++) {
        var label = i == 1 ? "90" : i == 2 ? "99" : "99." + "9".repeat(i - 2);
        ticks.add(new Tick(1 - Math.pow(10, -i), label));
      }
      return ticks;
    }
  }

  private static String label(double value) {
    if (value == 0) {
      return "0";
    }
    double size = Math.abs(value);
    if (size >= 1e6) {
      return trimmed(value / 1e6) + "M";
    }
    if (size >= 1e4) {
      return trimmed(value / 1e3) + "k";
    }
    return trimmed(value);
  }

  private static String trimmed(double value) {
    var text = String.format(Locale.ROOT, "%.6f", value);
    text = text.replaceAll("0+$", "");
    return text.endsWith(".") ? text.substring(0, text.length() - 1) : text;
  }
}
