package record

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/hex"
)

// Salt is the key of the keyed digests in records. It belongs to a history and
// is never written into a record or a report: whoever has it can try out
// values, such as short build args, against the digests.
type Salt [32]byte

// Digest returns a keyed digest over parts: HMAC-SHA256 (RFC 2104), cut to 128
// bits, in unpadded URL-safe base64 (22 characters). Each part is preceded by
// its length, so that different lists of parts never run together: ("ab", "c"),
// ("a", "bc") and ("ab", "c", "") all differ.
func (s Salt) Digest(parts ...string) string {
	h := hmac.New(sha256.New, s[:])
	var size [8]byte
	for _, p := range parts {
		binary.BigEndian.PutUint64(size[:], uint64(len(p)))
		h.Write(size[:])
		h.Write([]byte(p))
	}
	return base64.RawURLEncoding.EncodeToString(h.Sum(nil)[:16])
}

// ID names the salt without telling it: 16 hexadecimal digits that are equal
// for equal salts. It can be shown.
func (s Salt) ID() string {
	// A hash in a domain of its own: no list of parts that Digest is given can
	// have it as its digest.
	h := sha256.New()
	h.Write([]byte("layercause salt id\x00"))
	h.Write(s[:])
	return hex.EncodeToString(h.Sum(nil)[:8])
}
