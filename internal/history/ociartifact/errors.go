package ociartifact

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"oras.land/oras-go/v2/registry/remote/auth"
	"oras.land/oras-go/v2/registry/remote/errcode"

	"github.com/layercause/layercause/internal/history"
)

// loginError is why [Options.Credential] gave none. Its words are our own.
type loginError struct{ err error }

func (e *loginError) Error() string { return "no login for the registry: " + e.err.Error() }

// plain says what went wrong without the registry's own words, which are foreign
// text, and without addresses, which may hold a token. Writing says that what was read
// before could be: a refusal, of the registry or of who gives its tokens, is one to write.
func plain(ctx context.Context, err error, writing bool) error {
	if err == nil {
		return nil
	}
	var login *loginError
	var answer *errcode.ErrorResponse
	var transport *url.Error
	switch {
	case errors.As(err, &login):
		return login
	case errors.Is(err, auth.ErrBasicCredentialNotFound):
		return errors.New("the registry asks for a login, and there is none")
	case errors.As(err, &answer):
		switch code := answer.StatusCode; {
		case writing && (code == http.StatusForbidden || code == http.StatusUnauthorized || code == http.StatusMethodNotAllowed):
			return history.ErrReadOnly
		case code == http.StatusForbidden || code == http.StatusUnauthorized:
			return fmt.Errorf("the registry gives no access without another login (status %d)", code)
		case code == http.StatusTooManyRequests:
			return errors.New("the registry is asked too often (status 429)")
		case code == http.StatusInsufficientStorage:
			return errors.New("the registry is full")
		// Amazon ECR's answer where tags are immutable, and Harbor's.
		case writing && (says(answer, "TAG_INVALID") || code == http.StatusPreconditionFailed):
			return errors.New("the registry does not let its tags be replaced")
		case writing && says(answer, errcode.ErrorCodeNameUnknown):
			return errors.New("the registry has no such repository, and makes none itself")
		default:
			return fmt.Errorf("the registry answered with status %d", code)
		}
	case ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded):
		return errors.New("the registry did not answer in time")
	case errors.As(err, &transport):
		return fmt.Errorf("the registry could not be reached: %w", transport.Err)
	}
	return errors.New("the registry's answer could not be understood")
}

func says(answer *errcode.ErrorResponse, code string) bool {
	return slices.ContainsFunc(answer.Errors, func(e errcode.Error) bool { return e.Code == code })
}

// refusesType says that a registry took the layer, and not a manifest with its types.
func refusesType(err error) bool {
	var answer *errcode.ErrorResponse
	return errors.As(err, &answer) && answer.Method == http.MethodPut &&
		(answer.StatusCode == http.StatusUnsupportedMediaType || says(answer, errcode.ErrorCodeManifestInvalid))
}
