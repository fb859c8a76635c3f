import { MeshError } from '@pastel-mesh/identity'
import { adminProcedure, type Context, operatorProcedure, router } from '../trpc.ts'

/** Where a value comes from. */
export interface SettingOrigin {
  readonly kind: 'flag' | 'environment' | 'env-file' | 'file' | 'default'
  /** Of the flag, or of the variable. */
  readonly name?: string
  readonly path?: string
  /** Lines count from 1. */
  readonly line?: number
  /** Why it is another default than usual. */
  readonly because?: string
}

/** A value as it is written, such as `3d`, without what is secret; null: there is none. */
export interface SettingValue {
  readonly value: unknown
  readonly origin: SettingOrigin
}

export interface EffectiveSetting extends SettingValue {
  /** What a reload found, and holds after the next start only. */
  readonly afterRestart?: SettingValue
}

/** What a node runs with. */
export interface EffectiveConfiguration {
  readonly dataDir: string
  /** The file that was read; null: there is none. */
  readonly file: string | null
  /** When it was read last, in ms since 1970. */
  readonly readAtMs: number
  /** By key, such as `sync.history`. */
  readonly keys: Readonly<Record<string, EffectiveSetting>>
}

/** A key whose value is another one now. */
export interface SettingChange {
  readonly key: string
  readonly before: unknown
  readonly after: unknown
  readonly origin: SettingOrigin
}

/** What a reload came to. */
export interface Reloaded {
  readonly file: string | null
  /** What holds now. */
  readonly applied: readonly SettingChange[]
  /** What holds after the next start only. */
  readonly needsRestart: readonly SettingChange[]
  /** Keys that are as they were. */
  readonly unchanged: readonly string[]
  /** How many members the member file names, and how many joined and left with this; absent: everybody is one. */
  readonly members?: { readonly count: number; readonly joined: number; readonly left: number }
  /** What is probably a slip. */
  readonly warnings: readonly string[]
}

/** How the server gets at the configuration of its node. */
export interface Configuration {
  effective(): EffectiveConfiguration
  /** Changes nothing if it fails. @throws MeshError ERR_CONFIG, ERR_MEMBER_FILE */
  reload(): Promise<Reloaded>
}

/** What the node was told, and where. */
export const configuration = router({
  /** Every key with its value and where that comes from; what is secret is not shown. */
  show: operatorProcedure.query(({ ctx }) => known(ctx).effective()),

  /**
   * Reads file and environment again, checks all of it, and applies what can be without a start. What is wrong is named, and
   * then nothing has changed.
   */
  reload: adminProcedure.mutation(({ ctx }) => known(ctx).reload()),
})

function known({ configuration }: Context): Configuration {
  if (configuration === undefined) {
    throw new MeshError('ERR_NO_CONFIGURATION', 'this node is part of another program, which configures it')
  }
  return configuration
}
