# Asks for something that lies on another computer than this one, with the logon of this engine: the place of the Central Management Store. So
# a logon that is not handed on is known before anything depends on it. Changes nothing.
#   module   the product's module
param([string] $Arguments)
$a = Read-Arguments $Arguments
Import-Product $a.module
$store = @(foreach ($one in @(Get-CsManagementStoreReplicationStatus -CentralManagementStoreStatus)) { ConvertTo-Plain $one 3 })
@{ store = $store }
