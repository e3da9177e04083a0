/**
 * Checks what clients saw: whether the operations on each key have an order that explains all
 * answers (linearizability), and whether each session saw its own writes and never went back.
 *
 * <p>Clients record operations while they run, from any thread; the checkers are called when they
 * are done, by one thread. A checker that does not finish says so and never calls a history good.
 */
@NullMarked
package dev.heddle.loadtest.consistency;

import org.jspecify.annotations.NullMarked;
