package buildkittest

import (
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// S3 is an S3 service in memory with one bucket. It takes any credentials.
type S3 struct {
	URL    string
	Bucket string

	backend *s3mem.Backend
}

// StartS3 runs an empty service until the test ends.
func StartS3(t testing.TB) *S3 {
	t.Helper()
	s := &S3{Bucket: "caches", backend: s3mem.New()}
	server := httptest.NewServer(gofakes3.New(s.backend).Server())
	t.Cleanup(server.Close)
	s.URL = server.URL
	if err := s.backend.CreateBucket(s.Bucket); err != nil {
		t.Fatalf("making the bucket: %v", err)
	}
	return s
}

// Attrs are the attributes of a cache below a prefix, but for its name.
func (s *S3) Attrs(prefix string) map[string]string {
	return map[string]string{
		"endpoint_url": s.URL, "use_path_style": "true", "bucket": s.Bucket, "region": "us-east-1", "prefix": prefix,
		"access_key_id": "AKIALAYERCAUSE", "secret_access_key": "s3-secret/with+signs",
	}
}

// Remove drops all objects whose keys begin with a prefix, and returns how many
// there were.
func (s *S3) Remove(prefix string) (int, error) {
	list, err := s.backend.ListBucket(s.Bucket, &gofakes3.Prefix{HasPrefix: prefix != "", Prefix: prefix}, gofakes3.ListBucketPage{})
	if err != nil {
		return 0, err
	}
	for _, o := range list.Contents {
		if _, err := s.backend.DeleteObject(s.Bucket, o.Key); err != nil {
			return 0, err
		}
	}
	return len(list.Contents), nil
}
