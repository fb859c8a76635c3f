/** Where a value comes from. */
export type Origin =
  /** `--sync-history` */
  | { readonly kind: 'flag'; readonly name: string }
  /** `PMESH_SYNC_HISTORY` */
  | { readonly kind: 'environment'; readonly name: string }
  | { readonly kind: 'env-file'; readonly name: string; readonly path: string }
  /** Lines count from 1. */
  | { readonly kind: 'file'; readonly path: string; readonly line: number }
  /** `because`: why it is another default than usual. */
  | { readonly kind: 'default'; readonly because?: string }

/** In a word or two: `--sync-history`, `pmesh.yaml:12`. */
export function describeOrigin(origin: Origin): string {
  switch (origin.kind) {
    case 'flag':
    case 'environment':
      return origin.name
    case 'env-file':
      return `${origin.name} in ${origin.path}`
    case 'file':
      return `${origin.path}:${origin.line}`
    case 'default':
      return origin.because === undefined ? 'default' : `default ${origin.because}`
  }
}
