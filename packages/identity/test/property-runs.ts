/** How many cases a property test tries: few at every change, many in the full form. */
export const PROPERTY_RUNS = process.env.PMESH_TEST_FULL === '1' ? 5_000 : 500
