import type {
  AnswerFault,
  CallCounts,
  EntryFault,
  MasternodeFields,
  PasteldEmulatorOptions,
  SupernodeDescription,
} from './options.ts'

/** Options once the parent has chosen a folder. */
export type OpenOptions = PasteldEmulatorOptions & { readonly folder: string }

/**
 * What the process of the emulator can be asked for, beside the RPC of its cores: over the channel that its parent has
 * to it. Supernodes are counted from 0.
 */
export interface EmulatorActions {
  /** The first one. */
  open(options: OpenOptions): Promise<readonly SupernodeDescription[]>
  start(supernode: number, warmUpMs?: number): Promise<void>
  stop(supernode: number): Promise<void>
  crash(supernode: number): Promise<void>
  change(supernode: number, fields: Partial<MasternodeFields>): Promise<void>
  injectFault(supernode: number, fault: AnswerFault): Promise<void>
  injectEntry(supernode: number, fault: EntryFault): Promise<void>
  calls(supernode: number): Promise<CallCounts>
  messages(supernode: number): Promise<readonly unknown[]>
  writeKeyFile(supernode: number): Promise<string>
  mine(blocks: number): Promise<number>
}

export type Action = keyof EmulatorActions

export interface Question<A extends Action = Action> {
  readonly number: number
  readonly action: A
  readonly args: Parameters<EmulatorActions[A]>
}

export interface Answer {
  readonly number: number
  readonly result?: unknown
  /** The stack of what was thrown. */
  readonly error?: string
}
