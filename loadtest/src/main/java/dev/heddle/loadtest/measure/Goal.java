package dev.heddle.loadtest.measure;

/**
 * What the project promises of an experiment, beside what was measured. To miss it is told in the
 * report and fails nothing: machines differ.
 *
 * @param what the figure, with its unit last
 * @param atMost the highest value that keeps the promise
 */
public record Goal(String what, double atMost, double measured) {
  public boolean met() {
    return measured <= atMost;
  }
}
