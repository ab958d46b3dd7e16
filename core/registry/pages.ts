/** The address that a `Link` header names as the next page (RFC 8288). Nothing on the last page. */
export function nextPage(header: string | undefined): string | undefined {
    for (const [, address, parameters] of (header ?? "").matchAll(
        /<([^>]*)>((?:\s*;\s*[^\s=;,]+(?:\s*=\s*(?:"[^"]*"|[^\s;,"]*))?)*)/g,
    )) {
        const relation = /;\s*rel\s*=\s*(?:"([^"]*)"|([^\s;,]+))/i.exec(parameters);
        if ((relation?.[1] ?? relation?.[2] ?? "").toLowerCase().split(/\s+/).includes("next")) {
            return address;
        }
    }
    return undefined;
}
