"""REINFORCE with a recurrent policy on an environment that wants the first observation remembered."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim

gamma, seed, log_interval = 0.95, 543, 10
torch.manual_seed(seed)
eps = np.finfo(np.float32).eps.item()


class Corridor:
    """The cue at the start says which way to turn at the end; the agent walks, waits, or turns."""

    actions = 3

    def __init__(self, length=4):
        self.length = length

    def reset(self):
        self.position, self.time = 0, 0
        self.cue = int(torch.randint(2, (1,)))
        return self.observe()

    def observe(self):
        state = np.zeros(4, dtype=np.float32)
        if self.time == 0:
            state[self.cue] = 1
        state[2 if self.position < self.length else 3] = 1
        return state

    def step(self, action):
        self.time += 1
        done, reward = self.time >= 12, -0.05
        if self.position < self.length:
            if action == 2:
                self.position += 1
                reward += 0.1
        elif action < 2:
            done, reward = True, (2.0 if action == self.cue else -1.0)
        return self.observe(), reward, done, {}


class Policy(nn.Module):
    def __init__(self):
        super(Policy, self).__init__()
        self.rnn = nn.GRUCell(4, 16)
        self.affine = nn.Linear(16, Corridor.actions)
        self.value = nn.Linear(16, 1)
        self.saved_log_probs = []
        self.saved_values = []
        self.entropies = []
        self.rewards = []
        self.hidden = None

    def forward(self, x):
        self.hidden = self.rnn(x, self.hidden)
        return F.softmax(self.affine(self.hidden), dim=1), self.value(self.hidden)


policy = Policy()
optimizer = optim.Adam(policy.parameters(), lr=2e-2)


def select_action(state):
    state = torch.from_numpy(state).float().unsqueeze(0)
    probs, value = policy(state)
    action = probs.multinomial(num_samples=1).data
    log_probs = probs.log()
    policy.saved_log_probs.append(log_probs.gather(1, action).squeeze(1))
    policy.saved_values.append(value.squeeze())
    policy.entropies.append(-(log_probs * probs).sum())
    return action.item()


def finish_episode():
    R = 0
    returns = []
    for r in policy.rewards[::-1]:
        R = r + gamma * R
        returns.insert(0, R)
    returns = torch.tensor(returns)
    scale = returns.std() + eps if len(returns) > 1 else 1.0
    policy_loss, value_losses = [], []
    for log_prob, value, R in zip(policy.saved_log_probs, policy.saved_values, returns):
        advantage = R - value.item()
        policy_loss.append(-log_prob * advantage / scale)
        value_losses.append(F.smooth_l1_loss(value, R))
    optimizer.zero_grad()
    loss = torch.cat(policy_loss).sum() + torch.stack(value_losses).sum() - 0.01 * torch.stack(policy.entropies).mean()
    loss.backward()
    for param in policy.parameters():
        param.grad.data.clamp_(-1, 1)
    optimizer.step()
    del policy.rewards[:]
    del policy.saved_log_probs[:]
    del policy.saved_values[:]
    del policy.entropies[:]


env = Corridor()
running_reward = 0.0
for i_episode in range(1, 61):
    state, ep_reward = env.reset(), 0
    policy.hidden = None
    for t in range(1, 100):
        action = select_action(state)
        state, reward, done, _ = env.step(action)
        policy.rewards.append(reward)
        ep_reward += reward
        if done:
            break
    running_reward = 0.05 * ep_reward + (1 - 0.05) * running_reward
    finish_episode()
    if i_episode % log_interval == 0:
        print("Episode {}\tLast reward: {:.2f}\tAverage reward: {:.2f}".format(i_episode, ep_reward, running_reward))

policy.eval()
wins = 0
with torch.no_grad():
    for _ in range(10):
        state, policy.hidden, done = env.reset(), None, False
        while not done:
            probs, _ = policy(torch.as_tensor(state)[None])
            state, reward, done, _ = env.step(probs.argmax().item())
        wins += reward > 1
print("greedy wins", int(wins))
