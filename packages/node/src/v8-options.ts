/**
 * Options of V8 for the process of a node, as the systemd unit, the image and the scripts of package.json have them.
 *
 * A young generation of two halves of 4 MiB; by itself V8 lets each grow to 64. What the database reads is a buffer of
 * its own for each value, and when a half is full, all buffers that are not needed any more are freed at once: tens of
 * thousands, during which whoever allocates waits for 5 to 30 ms. With 4 MiB it is a millisecond or two, the process
 * takes 100 MB less, and throughput is no lower (docs/reference/benchmarks.md, history).
 */
export const V8_OPTIONS: readonly string[] = ['--max-semi-space-size=4']
