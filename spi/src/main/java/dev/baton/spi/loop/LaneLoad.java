package dev.baton.spi.loop;

/**
 * What a service with a {@link Lane} has taken in a time.
 *
 * @param lane its lane
 * @param used the share of the processor time that the loops could have that serve every service: 1 is one processor
 *     for each of these loops, or all processors where there are fewer, less what the kernel has given to other
 *     processes meanwhile. More than 1 is possible, as the lane's own loops come on top. Of a service whose connections
 *     share loops with others it is an estimate: the loops' processor time is divided by what they were seen to run
 *     every 10 ms
 * @param busy the share of the time, from 0 to 1, in which the lane's loops did not wait for something to do, on the
 *     average; 0 while it is closed. At 1 they would do more if they could, and {@code used} says little
 */
public record LaneLoad(Lane lane, double used, double busy) {}
