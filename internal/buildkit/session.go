package buildkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/tonistiigi/go-csvvalue"
)

// setSession adds what the daemon may ask this side for: files, registry
// credentials, secrets and SSH agents.
func setSession(o Options, r *request) error {
	r.opt.Session = append(r.opt.Session, filesync.NewFSSyncProvider(r.locals))
	var dir string
	if d, ok := o.Getenv("DOCKER_CONFIG"); ok {
		dir = d
	}
	cfg, err := config.Load(dir)
	if err != nil {
		return &UsageError{fmt.Sprintf("reading docker's configuration: %v", err), "mend or remove the config.json in DOCKER_CONFIG"}
	}
	credentials := logins{o.Logins, cfg}
	r.auth = credentials.forIndexes()
	r.opt.Session = append(r.opt.Session, authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: credentials.forDaemon(),
	}))
	if err := setSecrets(o, r); err != nil {
		return err
	}
	return setSSH(o, r)
}

func setSecrets(o Options, r *request) error {
	var sources []secretsprovider.Source
	for _, s := range o.Secrets {
		fields, err := csvvalue.Fields(s, nil)
		if err != nil {
			return &UsageError{"--secret is no list of KEY=VALUE", "write --secret id=ID,src=FILE or --secret id=ID,env=NAME"}
		}
		var src secretsprovider.Source
		kind := ""
		for _, f := range fields {
			k, v, ok := strings.Cut(f, "=")
			if !ok {
				return &UsageError{"--secret has a field that is not KEY=VALUE", "write --secret id=ID,src=FILE or --secret id=ID,env=NAME"}
			}
			switch strings.ToLower(k) {
			case "type":
				kind = v
			case "id":
				src.ID = v
			case "src", "source":
				src.FilePath = v
			case "env":
				src.Env = v
			default:
				return &UsageError{fmt.Sprintf("--secret has an unknown field %q", k), "the fields are id, src, env and type"}
			}
		}
		if kind != "" && kind != "file" && kind != "env" {
			return &UsageError{fmt.Sprintf("--secret has an unknown type %q", kind), "the types are file and env"}
		}
		if kind == "env" && src.Env == "" {
			src.Env, src.FilePath = src.FilePath, ""
		}
		if src.ID == "" {
			return &UsageError{"--secret has no id", "write --secret id=ID,src=FILE"}
		}
		if src.FilePath != "" {
			if _, err := os.Stat(src.FilePath); err != nil {
				return &UsageError{fmt.Sprintf("reading the file of the secret %q: %v", src.ID, err), "check src; it is relative to the current folder"}
			}
		}
		sources = append(sources, src)
	}
	if len(sources)+len(o.SecretValues) == 0 {
		return nil
	}
	store, err := secretsprovider.NewStore(sources)
	if err != nil {
		return &UsageError{fmt.Sprintf("reading the secrets: %v", err), "check the file or variable that --secret names"}
	}
	r.opt.Session = append(r.opt.Session, secretsprovider.NewSecretProvider(secretStore{store, o.SecretValues}))
	return nil
}

// secretStore looks among the values in memory first.
type secretStore struct {
	secrets.SecretStore
	values map[string][]byte
}

// GetSecret implements secrets.SecretStore.
func (s secretStore) GetSecret(ctx context.Context, id string) ([]byte, error) {
	if v, ok := s.values[id]; ok {
		return v, nil
	}
	return s.SecretStore.GetSecret(ctx, id)
}

func setSSH(o Options, r *request) error {
	var agents []sshprovider.AgentConfig
	for _, s := range o.SSH {
		id, paths, ok := strings.Cut(s, "=")
		a := sshprovider.AgentConfig{ID: id}
		if ok {
			a.Paths = strings.Split(paths, ",")
		}
		if sock, _ := o.Getenv("SSH_AUTH_SOCK"); !ok && sock == "" {
			return &UsageError{fmt.Sprintf("--ssh %s: no SSH agent is running: SSH_AUTH_SOCK is not set", s), "start an agent, or name a key: --ssh default=FILE"}
		}
		for _, p := range a.Paths {
			if _, err := os.Stat(p); err != nil {
				return &UsageError{fmt.Sprintf("--ssh %s: %v", id, err), "name the socket of an agent, or key files: --ssh default=FILE"}
			}
		}
		agents = append(agents, a)
	}
	if len(agents) == 0 {
		return nil
	}
	p, err := sshprovider.NewSSHAgentProvider(agents)
	if err != nil {
		return &UsageError{fmt.Sprintf("preparing --ssh: %v", err), "start an SSH agent, or name a key: --ssh default=FILE"}
	}
	r.opt.Session = append(r.opt.Session, p)
	return nil
}

// setHosts translates --add-host.
func setHosts(o Options, r *request) error {
	var hosts []string
	for _, h := range o.AddHosts {
		name, ips, ok := strings.Cut(h, "=")
		if !ok {
			name, ips, ok = strings.Cut(h, ":")
		}
		bad := &UsageError{fmt.Sprintf("--add-host %q is not NAME=IP", h), "write for example --add-host db=10.0.0.5"}
		if !ok || name == "" || ips == "" {
			return bad
		}
		for ip := range strings.SplitSeq(ips, ",") {
			ip = strings.TrimSuffix(strings.TrimPrefix(ip, "["), "]")
			if net.ParseIP(ip) == nil {
				return bad
			}
			hosts = append(hosts, name+"="+ip)
		}
	}
	if len(hosts) > 0 {
		r.opt.FrontendAttrs["add-hosts"] = strings.Join(hosts, ",")
	}
	return nil
}
