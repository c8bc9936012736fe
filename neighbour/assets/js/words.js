// The few words scripts say, in the language of the page: <meta name="words" content="{…}">.
const meta = document.querySelector('meta[name="words"]');

export const words = meta ? JSON.parse(meta.content) : {};
