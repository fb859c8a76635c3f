/** Where the operations over plain HTTP are. */
export const API_PATH = '/api/v1'
