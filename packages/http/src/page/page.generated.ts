export const pageHtml = (nonce: string): string => `<!doctype html><title>Muster</title><style nonce="${nonce}"></style>`;
