import { encodePastelId, type PastelId } from '@pastel-mesh/identity'
import { inboxChannel } from '@pastel-mesh/protocol'
import { describe, expect, it } from 'vitest'
import { type AuditedMember, audit } from '../src/chaos/audit.ts'
import type { ShownRecord } from '../src/chaos/records.ts'
import type { StoredLoss, StoredMessage } from '../src/chaos/store-content.ts'
import { seededSigner } from '../src/fixtures/log-writer.ts'

const RED = 'topic/red'
const NAMES = ['alice', 'bob', 'carol'].map((name) => encodePastelId(seededSigner(name).publicKey))

/** Messages of alice to a channel: numbers 10, 11, …, the first places of one log. */
function written(channel: string, count: number): StoredMessage[] {
  return Array.from({ length: count }, (_, position) => ({
    id: `log-${channel}-${position}`,
    log: `log-${channel}`,
    position,
    sender: NAMES[0] as PastelId,
    channel,
    text: `0 ${channel} ${10 + position}`,
    isLate: false,
  }))
}

function shownOf(messages: readonly StoredMessage[]): ShownRecord[] {
  return messages.map(({ id, channel, text = '', isLate }) => ({
    kind: 'message',
    channel,
    id,
    text,
    isLate,
    cursor: '',
  }))
}

/** A member that was shown just what it stores. */
function member(index: number, messages: readonly StoredMessage[], rest: Partial<AuditedMember> = {}) {
  return {
    pastelId: NAMES[index] as PastelId,
    topics: ['red'],
    accepted: [],
    shown: shownOf(messages),
    store: { messages, notices: [], isPruned: false, problems: [] },
    keepsLittle: false,
    undelivered: [],
    ...rest,
  } satisfies AuditedMember
}

/** Alice, who wrote 5 messages to the topic and acknowledged them, and two others, one of whom is given. */
function meshWith(bob: AuditedMember, alice: Partial<AuditedMember> = {}): AuditedMember[] {
  const messages = written(RED, 5)
  const accepted = messages.map(({ id, channel, position }) => ({
    id,
    channel,
    number: 10 + position,
    atMs: 500,
  }))
  return [member(0, messages, { accepted, ...alice }), bob, member(2, messages)]
}

describe('the audit of a chaos run', () => {
  it('finds nothing where everybody has everything, once and in order', () => {
    const found = audit(meshWith(member(1, written(RED, 5))))
    expect(found).toMatchObject({ accepted: 5, delivered: 15, lostUnexplained: 0, problems: [] })
  })

  it('finds a message that is missing', () => {
    const found = audit(meshWith(member(1, written(RED, 5).toSpliced(2, 1))))
    expect(found).toMatchObject({ delivered: 14, lostUnexplained: 1, doubles: 0, disorder: 0 })
    expect(found.problems).toEqual([
      expect.stringMatching(/^member 2: "0 topic\/red 12" .* is missing: stored by 1,3$/),
      'member 2: log-topic/red-2 is passed over in silence',
    ])
  })

  it('finds a message that is there twice, under one id or under two', () => {
    const messages = written(RED, 5)
    const again = messages[4] as StoredMessage
    for (const double of [again, { ...again, id: 'log-other-0', log: 'log-other', position: 0 }]) {
      const found = audit(meshWith(member(1, [...messages, double])))
      expect(found.doubles).toBeGreaterThan(0)
      expect(found.problems).toContainEqual('member 2: "0 topic/red 14" is stored twice')
    }
  })

  it('finds messages that are not in the order of their log', () => {
    const [a, b, c, ...rest] = written(RED, 5) as [StoredMessage, StoredMessage, StoredMessage, StoredMessage]
    const found = audit(meshWith(member(1, [a, c, b, ...rest])))
    expect(found.disorder).toBeGreaterThan(0)
    expect(found.problems).toContainEqual(expect.stringMatching(/which its sender wrote later$/))
    const late = audit(meshWith(member(1, [a, c, ...rest, { ...b, isLate: true }])))
    expect(late).toMatchObject({ disorder: 0, problems: [] })
  })

  it('finds logs of one sender in the wrong order, unless it was restored or what they follow is lost', () => {
    const [a, b, ...rest] = written(RED, 5) as [StoredMessage, StoredMessage, StoredMessage]
    const moved = [
      ...rest,
      { ...a, log: 'log-before', position: 0 },
      { ...b, log: 'log-before', position: 1 },
    ]
    const restored = { copiedAtMs: 0, restoredAtMs: 1 }
    expect(audit(meshWith(member(1, moved))).disorder).toBeGreaterThan(0)
    expect(audit(meshWith(member(1, moved), { restored })).disorder).toBe(0)
    // Its first batch is lost, and so what it follows.
    const after = rest.map((message, i) => ({
      ...message,
      id: `log-after-${i + 1}`,
      log: 'log-after',
      position: i + 1,
    }))
    const behind = [...after, ...moved.slice(rest.length)]
    const notice = { channel: RED, sender: a.sender, first: 0, kind: 'lost', reason: 'pruned' } as const
    const disorderWith = (notices: readonly StoredLoss[], alice: Partial<AuditedMember> = {}) => {
      const store = { messages: behind, notices, isPruned: false, problems: [] }
      return audit(meshWith(member(1, behind, { store }), alice)).disorder
    }
    expect(disorderWith([])).toBeGreaterThan(0)
    expect(disorderWith([{ ...notice, log: 'log-after', last: 0 }])).toBe(0)
    // So is that of a whole log between the two; of one behind both it is not.
    const lost = [{ ...notice, log: 'log-lost', last: 3 }]
    const accepted = (number: number) => ({
      accepted: [{ id: 'log-lost-0', channel: RED, number, atMs: 500 }],
    })
    expect(disorderWith(lost, accepted(12))).toBe(0)
    expect(disorderWith(lost, accepted(15))).toBeGreaterThan(0)
    // Nobody knows when it was written.
    expect(disorderWith(lost)).toBe(0)
  })

  it('takes what nobody has for explained if its sender was restored from before it', () => {
    const messages = written(RED, 5)
    const kept = messages.slice(0, 4)
    const mesh = (restored: AuditedMember['restored'], carol: readonly StoredMessage[]) => {
      const [alice] = meshWith(member(1, kept))
      const store = { messages: kept, notices: [], isPruned: false, problems: [] }
      const changed = { ...(alice as AuditedMember), store, shown: shownOf(kept) }
      return [restored === undefined ? changed : { ...changed, restored }, member(1, kept), member(2, carol)]
    }
    const within = { copiedAtMs: 400, restoredAtMs: 600 }
    expect(audit(mesh(within, kept))).toMatchObject({ lostExplained: 3, lostUnexplained: 0, problems: [] })
    // Carol has it: so all could.
    expect(audit(mesh(within, messages))).toMatchObject({ lostExplained: 0, lostUnexplained: 2 })
    expect(audit(mesh({ copiedAtMs: 501, restoredAtMs: 600 }, kept)).lostUnexplained).toBe(3)
    expect(audit(mesh(undefined, kept)).lostUnexplained).toBe(3)
  })

  it('takes what a reader that keeps little was told of, or had seen, for explained', () => {
    const messages = written(RED, 5)
    const left = messages.slice(3)
    const store = { messages: left, notices: [], isPruned: true, problems: [] }
    const told: ShownRecord = { kind: 'pruned', channel: RED, cursor: '' }
    const seen = { store, keepsLittle: true, shown: shownOf(messages) }
    expect(audit(meshWith(member(1, left, seen)))).toMatchObject({ delivered: 15, problems: [] })
    const overtaken = { store, keepsLittle: true, shown: [told, ...shownOf(left)] }
    expect(audit(meshWith(member(1, left, overtaken)))).toMatchObject({ lostExplained: 3, problems: [] })
    const silent = { store, keepsLittle: true, shown: shownOf(left) }
    expect(audit(meshWith(member(1, left, silent))).lostUnexplained).toBe(3)
    // It was told where nothing is missing, and not where something is.
    const [a, b] = messages as [StoredMessage, StoredMessage]
    const elsewhere = { store, keepsLittle: true, shown: [...shownOf([a]), told, ...shownOf([b, ...left])] }
    expect(audit(meshWith(member(1, left, elsewhere)))).toMatchObject({
      lostExplained: 0,
      lostUnexplained: 1,
    })
    const there = { store, keepsLittle: true, shown: [...shownOf([a, b]), told, ...shownOf(left)] }
    expect(audit(meshWith(member(1, left, there)))).toMatchObject({ lostExplained: 1, problems: [] })
  })

  it('takes what a sender that keeps little has no more for explained only if who had it was restored', () => {
    const messages = written(RED, 5)
    const kept = messages.slice(0, 4)
    const store = { messages: kept, notices: [], isPruned: false, problems: [] }
    const mesh = (carol: Partial<AuditedMember>) => {
      const [alice] = meshWith(member(1, kept), { keepsLittle: true, store, shown: shownOf(kept) })
      return audit([alice as AuditedMember, member(1, kept), { ...member(2, kept), ...carol }])
    }
    expect(mesh({}).lostUnexplained).toBe(3)
    expect(mesh({ restored: { copiedAtMs: 300, restoredAtMs: 400 } }).lostUnexplained).toBe(3)
    expect(mesh({ restored: { copiedAtMs: 300, restoredAtMs: 600 } })).toMatchObject({
      lostExplained: 3,
      lostUnexplained: 0,
    })
  })

  it('finds places of a log that are passed over in silence', () => {
    const messages = written(RED, 5)
    const left = messages.toSpliced(1, 2)
    const problemsOf = (rest: Partial<AuditedMember['store']>) => {
      const store = { messages: left, notices: [], isPruned: false, problems: [], ...rest }
      return audit(meshWith(member(1, left, { store }))).problems.filter((problem) => /silence/.test(problem))
    }
    expect(problemsOf({})).toHaveLength(2)
    const notice = { kind: 'lost', log: 'log-topic/red', channel: RED, sender: NAMES[0] as PastelId } as const
    expect(problemsOf({ notices: [{ ...notice, first: 1, last: 1, reason: 'denied' }] })).toEqual([
      'member 2: log-topic/red-2 is passed over in silence',
    ])
    expect(problemsOf({ notices: [{ ...notice, first: 1, last: 2, reason: 'denied' }] })).toEqual([])
    expect(problemsOf({ isPruned: true })).toEqual([])
  })

  it('takes what waited in the copy that its sender was restored from for sent again, once', () => {
    const channel = inboxChannel(NAMES[1] as PastelId)
    const first = written(channel, 2)
    const again = first.map((message) => ({
      ...message,
      id: message.id.replace('log', 'log2'),
      log: `log2-${channel}`,
    }))
    const found = (id: string, atMs: number, stored: readonly StoredMessage[]) => {
      const accepted = first.map(({ position }) => ({
        id: `${id}-${position}`,
        channel,
        number: 10 + position,
        atMs,
      }))
      const restored = { copiedAtMs: 600, restoredAtMs: 900 }
      return audit([member(0, [], { accepted, restored }), member(1, stored), member(2, [])])
    }
    const twice = [...first, ...again]
    expect(found('waiting', 500, twice)).toMatchObject({ sentAgain: 2, doubles: 0, problems: [] })
    // Had it an id, had it been accepted later, did it come a third time, or under one id, it would be a double.
    expect(found(`log-${channel}`, 500, twice).doubles).toBe(2)
    expect(found('waiting', 700, twice).doubles).toBe(2)
    const third = again.map((message) => ({
      ...message,
      id: message.id.replace('log2', 'log3'),
      log: 'log3',
    }))
    expect(found('waiting', 500, [...twice, ...third]).doubles).toBe(2)
    // Stored twice, and shown twice.
    expect(found('waiting', 500, [...first, ...first]).doubles).toBe(4)
  })

  it('finds what was not shown, was shown twice, or was shown and is gone', () => {
    const messages = written(RED, 5)
    const problemsOf = (shown: readonly ShownRecord[]) =>
      audit(meshWith(member(1, messages, { shown }))).problems
    expect(problemsOf(shownOf(messages.slice(1)))).toEqual([
      expect.stringMatching(/is stored and was not shown$/),
    ])
    expect(problemsOf(shownOf([...messages, messages[4] as StoredMessage]))).toContainEqual(
      expect.stringMatching(/was shown twice$/),
    )
    const more = { ...(messages[4] as StoredMessage), id: 'log-topic/red-5', position: 5 }
    expect(problemsOf(shownOf([...messages, more]))).toEqual([
      expect.stringMatching(/log-topic\/red-5 in topic\/red was shown, and is not stored$/),
    ])
  })

  it('finds an entry for what is lost that nothing explains, and none where all of it came later', () => {
    const messages = written(RED, 5)
    const [a, b, ...rest] = messages as [StoredMessage, StoredMessage, StoredMessage]
    const notice = {
      kind: 'lost',
      log: a.log,
      channel: RED,
      sender: a.sender,
      first: 1,
      last: 1,
      reason: 'denied',
    } as const
    const withNotice = (stored: readonly StoredMessage[]) =>
      audit(
        meshWith(
          member(1, stored, {
            store: { messages: stored, notices: [notice], isPruned: false, problems: [] },
          }),
        ),
      )
    expect(withNotice([a, ...rest, { ...b, isLate: true }])).toMatchObject({
      notices: 1,
      noticesHealed: 1,
      problems: [],
    })
    expect(withNotice([a, ...rest]).problems).toContainEqual(
      expect.stringMatching(/which its sender did not lose$/),
    )
  })

  it('finds direct messages that do not arrive, or whose sender does not hear that they did', () => {
    const channel = inboxChannel(NAMES[1] as PastelId)
    const messages = written(channel, 2)
    const accepted = messages.map(({ id, position }) => ({ id, channel, number: 10 + position, atMs: 500 }))
    const alice = member(0, messages, { accepted, undelivered: messages.map(({ id }) => id) })
    // Only what is addressed to a member is shown to it, and a mailbox cannot read it.
    const sender = { ...alice, shown: [] }
    const mailbox = member(
      2,
      messages.map(({ text: _, ...rest }) => rest),
      { shown: [] },
    )
    const found = audit([sender, member(1, messages.slice(0, 1)), mailbox])
    expect(found).toMatchObject({ accepted: 2, delivered: 1, lostUnexplained: 1 })
    expect(found.problems).toContainEqual(expect.stringMatching(/is missing: stored by 1,3$/))
    expect(found.problems).toContainEqual(expect.stringMatching(/its delivery is not known to its sender$/))
    expect(found.problems).toHaveLength(2)
  })
})
