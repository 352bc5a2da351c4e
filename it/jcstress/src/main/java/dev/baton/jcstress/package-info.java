/**
 * Races of two threads for one fd, on the memory model of the JDK and the processor at hand, under jcstress.
 *
 * <p>What is shown: for every pair of operations of the fd table that can race, on the real table, that nothing but the
 * listed outcomes was seen, compiled and interpreted: in hundreds to thousands of tries in each build, in a lot more in
 * the profile deep. Each outcome says in a sentence how it comes about, and whatever is not listed is forbidden. A
 * sample and no proof: that every interleaving is right is shown by {@code it/lincheck} and the models, that the memory
 * order suffices for them is shown here. That the tool would see a race is shown by {@code negative}, the algorithm
 * from which Baton started: the build fails unless its double close is found.
 *
 * <p>All samples of a process share one table, each with a number of its own, and numbers are used again after the
 * close, so that generations count up as they do in a server.
 */
@NullMarked
package dev.baton.jcstress;

import org.jspecify.annotations.NullMarked;
