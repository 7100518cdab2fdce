/**
 * What a quorum commit costs at least on this machine: the floor that other figures are compared with. Entry points:
 * {@link io.synod.bench.floor.Floor} and {@link io.synod.bench.floor.FloorCommand}.
 */
package io.synod.bench.floor;
