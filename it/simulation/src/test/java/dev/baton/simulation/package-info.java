/**
 * The races of Baton's trade in the deterministic simulation, one class a race, named after its row of the race list.
 */
package dev.baton.simulation;
