/**
 * Options of V8 for the process of a node, as the systemd unit, the image and the scripts of package.json have them.
 *
 * A young generation of two halves of 4 MiB; on machines with much memory V8 lets each grow to 64. What the database
 * reads is a buffer of its own for each value, and freeing what a full half held makes single pages of the history take
 * 5 to 10 ms. With 4 MiB *broadcast* was no slower and took 90 to 100 MB less (docs/reference/benchmarks.md, history).
 */
export const V8_OPTIONS: readonly string[] = ['--max-semi-space-size=4']
