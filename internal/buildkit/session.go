package buildkit

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"

	"github.com/docker/cli/cli/config"
	"github.com/docker/cli/cli/config/configfile"
	"github.com/moby/buildkit/session/auth/authprovider"
	"github.com/moby/buildkit/session/filesync"
	"github.com/moby/buildkit/session/secrets"
	"github.com/moby/buildkit/session/secrets/secretsprovider"
	"github.com/moby/buildkit/session/sshforward/sshprovider"
	"github.com/moby/buildkit/util/gitutil"
	"github.com/tonistiigi/go-csvvalue"
)

// setSession adds what the daemon may ask this side for: files, registry
// credentials, secrets and SSH agents.
func setSession(o Options, r *request) error {
	r.opt.Session = append(r.opt.Session, filesync.NewFSSyncProvider(r.locals))
	cfg, err := config.Load(o.env("DOCKER_CONFIG"))
	if err != nil {
		return &UsageError{fmt.Sprintf("reading docker's configuration: %v", err), "mend or remove the config.json in DOCKER_CONFIG"}
	}
	credentials := logins{o.Logins, cfg}
	r.auth = credentials.forIndexes()
	r.opt.Session = append(r.opt.Session, authprovider.NewDockerAuthProvider(authprovider.DockerAuthProviderConfig{
		AuthConfigProvider: credentials.forDaemon(),
	}))
	setProxies(o, r, cfg)
	if err := setSecrets(o, r); err != nil {
		return err
	}
	return setSSH(o, r)
}

// setProxies hands on the proxies of docker's configuration, as docker's commands do:
// steps are given them, but a key has them only where the Dockerfile declares them.
// https://docs.docker.com/engine/cli/proxy/
func setProxies(o Options, r *request, cfg *configfile.ConfigFile) {
	p, ok := cfg.Proxies[o.env("DOCKER_HOST")]
	if !ok {
		p = cfg.Proxies["default"]
	}
	for name, value := range map[string]string{
		"HTTP_PROXY": p.HTTPProxy, "HTTPS_PROXY": p.HTTPSProxy, "NO_PROXY": p.NoProxy, "FTP_PROXY": p.FTPProxy, "ALL_PROXY": p.AllProxy,
	} {
		given := false
		for arg := range r.buildArgs {
			given = given || strings.EqualFold(arg, name)
		}
		if value != "" && !given {
			r.buildArgs[name], r.opt.FrontendAttrs["build-arg:"+name] = value, value
		}
	}
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

// setSSH forwards agents and keys. As with buildx the user's agent is forwarded to a
// context that is fetched with it; that there is none hinders nobody who only reads.
func setSSH(o Options, r *request) error {
	if len(o.SSH) > 0 {
		return forwardSSH(o, r, o.SSH)
	}
	if url, err := gitutil.ParseURL(o.Context); err == nil && url.Scheme == gitutil.SSHProtocol {
		r.late = forwardSSH(o, r, []string{"default"})
	}
	return nil
}

func forwardSSH(o Options, r *request, wanted []string) error {
	var agents []sshprovider.AgentConfig
	for _, s := range wanted {
		id, paths, ok := strings.Cut(s, "=")
		a := sshprovider.AgentConfig{ID: id}
		if ok {
			a.Paths = strings.Split(paths, ",")
		}
		if sock := o.env("SSH_AUTH_SOCK"); !ok {
			if sock == "" {
				return &UsageError{fmt.Sprintf("--ssh %s: no SSH agent is running: SSH_AUTH_SOCK is not set", s), "start an agent, or name a key: --ssh default=FILE"}
			}
			if _, err := os.Stat(sock); err != nil {
				return &UsageError{fmt.Sprintf("--ssh %s: the SSH agent of SSH_AUTH_SOCK is not there: %v", s, err),
					"start an agent, or name a key: --ssh default=FILE. An action sees the sockets below the workspace and RUNNER_TEMP alone"}
			}
		}
		for _, p := range a.Paths {
			if _, err := os.Stat(p); err != nil {
				return &UsageError{fmt.Sprintf("--ssh %s: %v", id, err), "name the socket of an agent, or key files: --ssh default=FILE"}
			}
		}
		agents = append(agents, a)
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
		bad := &UsageError{fmt.Sprintf("--add-host %q is not NAME=IP", h), "write for example --add-host db=10.0.0.5"}
		name := ""
		// After a comma there is another entry, or another address of the same name.
		for entry := range strings.SplitSeq(h, ",") {
			ip := strings.TrimSuffix(strings.TrimPrefix(entry, "["), "]")
			if name == "" || net.ParseIP(ip) == nil {
				var ok bool
				if name, ip, ok = strings.Cut(entry, "="); !ok {
					name, ip, _ = strings.Cut(entry, ":")
				}
				ip = strings.TrimSuffix(strings.TrimPrefix(ip, "["), "]")
			}
			if name == "" || net.ParseIP(ip) == nil {
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
