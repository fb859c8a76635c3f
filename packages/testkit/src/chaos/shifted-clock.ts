/** Preloaded into a member whose wall clock is to be wrong: by so many ms as the environment says. */
const shiftMs = Number(process.env.PMESH_CHAOS_CLOCK_MS ?? 0)
const RealDate = Date

class ShiftedDate extends RealDate {
  constructor(...args: unknown[]) {
    if (args.length === 0) super(RealDate.now() + shiftMs)
    else super(...(args as [number]))
  }

  static override now(): number {
    return RealDate.now() + shiftMs
  }
}

globalThis.Date = ShiftedDate as DateConstructor
