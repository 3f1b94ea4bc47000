package record

// Direction says whether a cache was read or written.
type Direction string

// The directions of a cache access.
const (
	Import Direction = "import"
	Export Direction = "export"
)

// CacheAccess is one cache import or export.
type CacheAccess struct {
	Direction Direction `json:"direction"`
	Type      string    `json:"type"` // registry, local, gha, s3, azblob, inline
	Ref       string    `json:"ref"`  // reference, folder or scope, without credentials
	Mode      string    `json:"mode,omitempty"`
	Seconds   float64   `json:"seconds"`
	// Start is in seconds since Record.StartedAt.
	Start float64 `json:"start"`
	// Bytes is what was downloaded or uploaded: of an export, the layers that were
	// new to the cache.
	Bytes int64 `json:"bytes,omitempty"`
	// Size is what the cache holds after an export, in bytes.
	Size  int64  `json:"size,omitempty"`
	Error string `json:"error,omitempty"`
	// Chosen says that nobody named it: "cache: auto" chose it.
	Chosen bool `json:"chosen,omitempty"`
	// Parts are what an export spends its time on, in order of start.
	Parts []Phase `json:"parts,omitempty"`
	// Index is the cache's index: of an import as it was before the build, of an
	// export as the build wrote it. It is nil if it could not be read.
	Index *CacheIndex `json:"index,omitempty"`
}

// CacheIndex is what a cache's index says of the build's operations.
type CacheIndex struct {
	// Digest names the index: two builds with the same one met the same cache. It
	// is empty if the cache had none.
	Digest string `json:"digest,omitempty"`
	// Results are the vertices that the cache held with a result, Keys those that
	// it held without one, and Absent those that it did not hold. Of the others it
	// cannot be told. Only an import has them.
	Results []int `json:"results,omitempty"`
	Keys    []int `json:"keys,omitempty"`
	Absent  []int `json:"absent,omitempty"`
	// Writer is the build that wrote the index, if its record is known.
	Writer *Writer `json:"writer,omitempty"`
}

// Writer is a build that wrote a cache.
type Writer struct {
	Record     string `json:"record"`
	Commit     string `json:"commit,omitempty"`
	Ref        string `json:"ref,omitempty"`
	Dockerfile string `json:"dockerfile"`
	Target     string `json:"target,omitempty"`
}
