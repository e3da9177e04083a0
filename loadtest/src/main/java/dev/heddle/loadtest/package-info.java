/**
 * LambdaBench: experiments that measure a running cluster, and what is known by that name on the
 * command line.
 *
 * <p>{@link dev.heddle.loadtest.Bench} is the way in; the command line and tests call it, on one
 * thread. {@code measure} holds what every experiment records with and reports in, {@code report}
 * what people see of it, {@code arrivals} load that does not wait for answers, {@code http} the
 * client that puts load on an HTTP edge, {@code query} what asks a cluster that runs already,
 * {@code search} and {@code invoke} experiments about queries and functions, {@code peer} the
 * systems that they compare with, {@code inner} the JMH benchmarks of inner loops. An experiment
 * fails on errors and wrong answers, never on speed.
 */
@NullMarked
package dev.heddle.loadtest;

import org.jspecify.annotations.NullMarked;
