/**
 * How secrets of tests and of the emulator begin: whoever finds one of these in a log has found a secret in a log. Every
 * run of tests looks for them (scripts/secret-watch.ts). Letters and hyphens alone, so that they are the same in JSON, in
 * a URL and on a command line.
 */
export const PASSPHRASE_PREFIX = 'unlogged-passphrase-'
/** Of masternodes' private keys, as `masternode list-conf` has them. */
export const MASTERNODE_KEY_PREFIX = 'unlogged-masternode-key-'
